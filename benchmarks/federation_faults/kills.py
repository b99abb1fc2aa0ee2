"""kill -9 at random moments, over every kind of store."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.federation_faults.outcome import SAME, Outcome, Trial
from tests.s3_server import KEY_ID, SECRET, new_bucket, running_s3
from tests.toy_run import ToyRun
from tests.webdav_server import PASSWORD, USER, running_webdav

ROUNDS_A_KILL = 6
"""So many that the last kill still meets a site at work."""

UNHURRIED = {"PEDCONTOUR_FEDERATION_REQUESTS_PER_S": "1000"}


def trials(kills: int) -> dict[str, Trial]:
    """A row for each kind of store; so many kills in all are shared out among them."""
    return {
        "kill -9, two sites, folder": partial(_row, "folder", 2, kills // 2),
        "kill -9, three sites, folder": partial(_row, "folder", 3, kills // 4),
        "kill -9, two sites, S3": partial(_row, "S3", 2, kills // 8),
        "kill -9, two sites, WebDAV": partial(_row, "WebDAV", 2, kills // 8),
    }


def _row(kind: str, sites: int, kills: int, folder: Path) -> Outcome:
    with _place(kind, folder / "drive") as (store, environment):
        run = ToyRun(folder / "run", sites, ROUNDS_A_KILL * kills, store, {**environment, **UNHURRIED})
        killed = run.finish(kills, random.Random(f"{kind} {sites}"))
    models = run.models()
    met = killed >= kills and models == dict.fromkeys(run.folders, run.expected())
    return Outcome(killed, SAME if met else f"{len(set(models.values()))} digests", met, {"kills": killed})


@contextmanager
def _place(kind: str, drive: Path) -> Iterator[tuple[str | None, Mapping[str, str]]]:
    """The address of a store of that kind, and what opens it."""
    if kind == "S3":
        with running_s3() as endpoint:
            keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
            yield f"s3://{new_bucket(endpoint).name}", keys | {"PEDCONTOUR_FEDERATION_ENDPOINT": endpoint}
    elif kind == "WebDAV":
        drive.mkdir(parents=True)
        with running_webdav(drive) as url:
            prefix = "PEDCONTOUR_FEDERATION_WEBDAV"
            yield url, {f"{prefix}_USER": USER, f"{prefix}_PASSWORD": PASSWORD}
    else:
        yield None, {}
