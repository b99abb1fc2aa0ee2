"""kill -9 at random moments, over every kind of store."""

import random
from pathlib import Path

from benchmarks.federation_faults.outcome import SAME, Outcome
from tests.s3_server import KEY_ID, SECRET, new_bucket, running_s3
from tests.toy_run import ToyRun
from tests.webdav_server import PASSWORD, USER, running_webdav

ROUNDS = 400
"""So many that the last kill still meets a site at work."""

DRIVE = {"PEDCONTOUR_FEDERATION_WEBDAV_USER": USER, "PEDCONTOUR_FEDERATION_WEBDAV_PASSWORD": PASSWORD}
UNHURRIED = {"PEDCONTOUR_FEDERATION_REQUESTS_PER_S": "1000"}


def all_rows(folder: Path, kills: int) -> list[Outcome]:
    """A row for each kind of store; the kills are shared out among them."""
    with running_s3() as endpoint, running_webdav(_made(folder / "drive")) as drive:
        bucket = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "PEDCONTOUR_FEDERATION_ENDPOINT": endpoint,
        }
        return [
            _row("kill -9, two sites, folder", ToyRun(folder / "two", 2, ROUNDS, environment=UNHURRIED), kills // 2),
            _row(
                "kill -9, three sites, folder", ToyRun(folder / "three", 3, ROUNDS, environment=UNHURRIED), kills // 4
            ),
            _row(
                "kill -9, two sites, S3",
                ToyRun(folder / "s3", 2, ROUNDS // 4, f"s3://{new_bucket(endpoint).name}", bucket | UNHURRIED),
                kills // 8,
            ),
            _row(
                "kill -9, two sites, WebDAV",
                ToyRun(folder / "dav", 2, ROUNDS // 4, drive, DRIVE | UNHURRIED),
                kills // 8,
            ),
        ]


def _row(name: str, run: ToyRun, kills: int) -> Outcome:
    killed = run.finish(kills, random.Random(name))
    models = run.models()
    met = killed >= kills and len(models) == len(run.folders) and set(models.values()) == {run.expected()}
    return Outcome(name, killed, SAME if met else f"{len(set(models.values()))} digests", met, {"kills": killed})


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
