"""Two tenants send at once: does each get the results of its own series, and see nothing of the other's?

Every series carries a number in its UIDs, its size and its place, which the results must show again. The service is the
one that ``pedcontour serve`` starts, with a stand-in for the network and one worker more. Prints a table, writes
``results/tenants.json``, and ends with 1 when a job was mixed up, lost, or seen by the other tenant.
"""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from pydantic import SecretStr

from benchmarks.faults.service import Crew
from benchmarks.results_file import write_results
from pedcontour.client import Client
from pedcontour.errors import PedcontourError
from pedcontour.settings import Settings
from service.embedded import running
from service.processes import Child
from tests.numbered_series import NumberedSeries
from tests.stand_ins.model import write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

SENDERS = 16

JOB_TIMEOUT_S = 600.0

DOORS: tuple[tuple[str, str], ...] = (
    ("GET", ""),
    ("GET", "/events"),
    ("GET", "/results.zip"),
    ("GET", "/results/rtstruct.dcm"),
    ("POST", "/cancel"),
    ("DELETE", ""),
)
"""Every way to a job, by method and what follows its address."""


@dataclass(frozen=True)
class Seen:
    """What became of one series: its job, what in the results was not its own, and doors that let the other in."""

    tenant: int
    job_id: str
    strangers: Sequence[str] = ()
    open_doors: Sequence[str] = ()
    lost: str = ""


@contextmanager
def service_for(keys: Sequence[str], root: Path) -> Iterator[str]:
    """A service with these keys and two workers; gives its address."""
    write_stand_in_model(root / "models")
    settings = Settings(
        data_dir=root / "data",
        models_dir=root / "models",
        port=0,
        api_keys=tuple(map(SecretStr, keys)),
    )
    with running(settings, STAND_IN_WORKER, logs=root / "logs") as service:
        second = Child("second", STAND_IN_WORKER, service.settings.environment(), root / "logs", 10.0)
        with Crew({"second": second}).at_work():
            yield service.url


def send_all(url: str, keys: Sequence[str], jobs_each: int) -> list[Seen]:
    """Have all tenants send their series at once, in turn, from many threads."""
    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(lambda number: _one(url, keys, number), range(len(keys) * jobs_each)))


def _one(url: str, keys: Sequence[str], number: int) -> Seen:
    tenant, series = number % len(keys), NumberedSeries(number)
    with _asking(url, keys[tenant]) as own, _asking(url, keys[tenant - 1]) as other:
        with tempfile.TemporaryDirectory() as folder, Client(url, keys[tenant]) as client:
            for n, image in enumerate(series.images):
                (Path(folder) / f"{n}.dcm").write_bytes(image)
            job_id = client.submit(Path(folder)).id
            open_doors = _open_doors(other, job_id)  # while it waits or runs
            try:
                client.wait(job_id, timeout_s=JOB_TIMEOUT_S)
            except PedcontourError as error:
                return Seen(tenant, job_id, open_doors=open_doors, lost=error.code)
        open_doors += _open_doors(other, job_id)
        results = own.get(f"/v1/jobs/{job_id}/results.zip")
    if results.status_code != 200:
        return Seen(tenant, job_id, open_doors=open_doors, lost=str(results.status_code))
    return Seen(tenant, job_id, series.strangers_in(results.content), open_doors)


def _asking(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60.0)


def _open_doors(other: httpx.Client, job_id: str) -> list[str]:
    """Where somebody else's key is answered in any other way than for a job that there is not."""
    found = []
    for method, door in DOORS:
        answer = other.request(method, f"/v1/jobs/{job_id}{door}")
        if (answer.status_code, answer.json()["code"]) != (404, "JOB_NOT_FOUND"):
            found.append(f"{method} {door}")
    return found


def listed(url: str, key: str) -> set[str]:
    """The ids in a tenant's list, page by page."""
    found: set[str] = set()
    with _asking(url, key) as http:
        page: str | None = "/v1/jobs?limit=200"
        while page is not None:
            answer = http.get(page).raise_for_status().json()
            found |= {job["id"] for job in answer["jobs"]}
            page = answer["next"]
    return found


def rows_of(seen: Sequence[Seen], lists: Sequence[set[str]]) -> list[dict[str, Any]]:
    """The table; every row is to be 0."""
    own = [{one.job_id for one in seen if one.tenant == tenant} for tenant in range(len(lists))]
    foreign = sum(len(found & own[1 - tenant]) for tenant, found in enumerate(lists))
    missing = sum(len(own[tenant] - found) for tenant, found in enumerate(lists))
    found = {
        "jobs whose results belong to another series": sum(bool(one.strangers) for one in seen),
        "jobs that the other tenant could reach": sum(bool(one.open_doors) for one in seen),
        "jobs in the other tenant's list": foreign,
        "jobs missing in their tenant's list": missing,
        "jobs lost or failed": sum(bool(one.lost) for one in seen),
    }
    return [
        {"name": name, "ours": number, "unit": "jobs", "target": 0, "met": not number, "n": len(seen)}
        for name, number in found.items()
    ]


def run(jobs_each: int, root: Path) -> list[dict[str, Any]]:
    """Everything, on a fresh service of two tenants in ``root``."""
    keys = [secrets.token_urlsafe(32) for _ in range(2)]
    with service_for(keys, root) as url:
        seen = send_all(url, keys, jobs_each)
        return rows_of(seen, [listed(url, key) for key in keys])


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100, help="jobs of each tenant")
    jobs, began = parser.parse_args().jobs, monotonic()
    with tempfile.TemporaryDirectory(prefix="pedcontour-tenants-") as folder:
        rows = run(jobs, Path(folder))
    for row in rows:
        print(f"{row['name']:44} {row['ours']:4} of {row['n']}")
    seconds = round(monotonic() - began)
    write_results(
        "tenants", "make tenants", rows, jobs_of_each_tenant=jobs, senders=SENDERS, workers=2, seconds=seconds
    )
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
