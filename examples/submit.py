"""A CT series to contours with the Python client: send, wait with progress, fetch.

    python examples/submit.py planning-ct/ results/ --profile eclipse --absent Kidney_L

Needs `pip install pedcontour` without extras. PEDCONTOUR_API_KEY holds the key where the service asks for one.
"""

import argparse
import os
import sys
from pathlib import Path

from pedcontour.client import Client, RemoteJob
from pedcontour.errors import PedcontourError
from pedcontour.outputs import OutputWishes
from pedcontour.verdicts import DRAWN


def arguments() -> argparse.Namespace:
    """What is to be contoured, and how the results shall be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct", type=Path, help="folder or zip with the CT series")
    parser.add_argument("out", type=Path, help="folder for the results, new or empty")
    url = os.environ.get("PEDCONTOUR_URL", "http://127.0.0.1:8000")
    parser.add_argument("--url", default=url, help="address of the service, else PEDCONTOUR_URL")
    parser.add_argument("--profile", help="planning system: generic, eclipse, raystation, monaco, pinnacle")
    parser.add_argument("--absent", action="append", default=[], help="organ removed by surgery, such as Kidney_L")
    return parser.parse_args()


def show(job: RemoteJob) -> None:
    """One line of progress."""
    print(f"{job.state} {job.stage} {job.progress:.0%}")


def main() -> int:
    """0 when the results are in the folder; else 1, and the reason on standard error."""
    asked = arguments()
    try:
        with Client(asked.url, os.environ.get("PEDCONTOUR_API_KEY")) as client:
            outputs = OutputWishes(profile=asked.profile, outputs=("rtstruct", "preview"))
            sent = client.submit(asked.ct, absent=asked.absent, outputs=outputs)
            job = client.wait(sent.id, on_progress=show)
            files = client.download(job.id, asked.out)
    except PedcontourError as error:
        print(error, file=sys.stderr)
        return 1
    for verdict in job.verdicts:
        if verdict.outcome not in DRAWN:
            print(f"not drawn: {job.roi_name(verdict.organ)}, {verdict.outcome}: {verdict.reason}")
    if job.provenance is not None:  # for the records: what was contoured, and by what
        print(f"input SHA-256 {job.provenance['input_sha256']}")
        print(f"model {job.model}, SHA-256 {job.provenance['model']['digest_sha256']}")
    for line in (*job.warnings, *map(str, files)):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
