"""Every attack of the catalogue, sent through the real service over HTTP: what was refused, and that nothing else was.

The service is the one that ``pedcontour serve`` starts, with a stand-in for the network; limits are small so that
endless bodies end. Prints a table, writes ``results/attacks.json``, and ends with 1 when a row is not as it should be.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from benchmarks.results_file import write_results
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.hostile.catalogue import ATTACKS, DONE, Attack, Upload
from tests.hostile.dicoms import good_series
from tests.hostile.requests import HTTP_ATTACKS, HttpAttack
from tests.stand_ins.model import write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
WAIT_S = 300.0
OUTSIDE = (Path("/etc"), Path("/etc/cron.d"), Path.cwd(), Path.home())
"""Folders that the attacks aim at: they must hold afterwards what they held before."""

_INTAKE = re.compile(r"intake: .*, ([0-9]+) MiB at most")


@dataclass
class Row:
    """One line of the table."""

    attack: str
    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    unexpected: int = 0
    crashes: int = 0
    peak_mib: int = 0
    slowest_s: float = 0.0
    files_outside: int = 0

    @property
    def is_well(self) -> bool:
        """Whether everything was refused as it should be, and nothing broke."""
        return not (self.unexpected or self.crashes or self.files_outside)

    def as_data(self) -> dict[str, Any]:
        """The row for the results file."""
        return {**vars(self), "outcomes": dict(self.outcomes)}


class Target:
    """The service under attack, and how to see whether it was hurt."""

    def __init__(self, service: RunningService, root: Path) -> None:
        self._service = service
        self._root = root
        self._http = httpx.Client(base_url=service.url, timeout=60.0)
        self._log = root / "logs" / "worker.log"
        self._read = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self._service.settings.port

    def outcome_of(self, upload: Upload) -> str:
        """Send an upload, and wait for what becomes of it: a code, or ``DONE``."""
        if isinstance(upload, bytes):
            answer = self._http.post("/v1/jobs", content=upload, headers={"Content-Type": "application/zip"})
        else:
            files = [("files", (f"{n}.dcm", content)) for n, content in enumerate(upload)]
            answer = self._http.post("/v1/jobs", files=files)
        if answer.status_code != 202:
            return str(answer.json()["code"])
        job_id, give_up = answer.json()["id"], monotonic() + WAIT_S
        while monotonic() < give_up:
            job = self._http.get(f"/v1/jobs/{job_id}").json()
            if job["state"] == "failed":
                return str(job["problem"]["code"])
            if job["state"] == "done":
                return DONE
            sleep(0.05)
        return "NEVER ENDED"

    def crashes(self) -> int:
        """Processes of the service that ended, and contouring processes that had to be replaced, until now."""
        replaced = self._log.read_text().count("contouring process") if self._log.exists() else 0
        return replaced + sum(part.deaths for part in self._service.parts.values())

    def intakes(self) -> list[tuple[float, int]]:
        """Seconds and MiB of each intake since the last call."""
        text = self._log.read_text() if self._log.exists() else ""
        new, self._read = text[self._read :], len(text)
        lines = [json.loads(line) for line in new.splitlines() if "intake: " in line]
        found = [(line["duration_s"], _INTAKE.search(line["event"])) for line in lines]
        return [(float(seconds), int(told[1])) for seconds, told in found if told]

    def files_outside(self) -> set[Path]:
        """Everything outside the folders of jobs that an attack could have left."""
        data = self._service.settings.data_dir
        own = ("uploads", "results", "broker", "scratch", "audit", "cache", "jobs.sqlite", "serve.lock")
        strays = {path for path in data.iterdir() if not path.name.startswith(own)}
        for folder in ("uploads", "results"):
            strays |= {p for p in (data / folder).glob("*") if not re.fullmatch(r"[0-9a-f-]{36}|\.parts", p.name)}
        strays |= {path for path in self._root.iterdir() if path.name not in ("data", "models", "logs")}
        return strays | {path for folder in OUTSIDE if folder.is_dir() for path in folder.iterdir()}


def attack_by_upload(attack: Attack, target: Target) -> Row:
    """One row of the table."""
    row, crashes, files = Row(attack.name), target.crashes(), target.files_outside()
    for upload in attack.uploads():
        outcome = target.outcome_of(upload)
        row.inputs += 1
        row.outcomes[outcome] += 1
        row.unexpected += outcome not in attack.outcomes
    return _finished(row, target, crashes, files)


def attack_by_http(attack: HttpAttack, target: Target) -> Row:
    """One row of the table."""
    row, crashes, files = Row(attack.name), target.crashes(), target.files_outside()
    for status in attack.send(target.address):
        row.inputs += 1
        row.outcomes[str(status) if status else "closed"] += 1
        row.unexpected += status not in attack.statuses
    return _finished(row, target, crashes, files)


def _finished(row: Row, target: Target, crashes: int, files: set[Path]) -> Row:
    intakes = target.intakes()
    row.slowest_s = max((seconds for seconds, _ in intakes), default=0.0)
    row.peak_mib = max((mib for _, mib in intakes), default=0)
    row.unexpected += target.outcome_of(list(good_series())) != DONE  # it still does its work
    row.crashes = target.crashes() - crashes
    if not intakes:  # the good series that was just contoured went through one
        raise AssertionError("the log of the worker tells of no intake")
    row.files_outside = len(target.files_outside() - files)
    return row


def run(names: Sequence[str]) -> Iterator[Row]:
    """Attack a fresh service; ``names`` choose rows by a part of their name, none chooses all."""
    with tempfile.TemporaryDirectory(prefix="pedcontour-attacks-") as folder:
        root = Path(folder)
        write_stand_in_model(root / "models")
        settings = Settings(
            data_dir=root / "data",
            models_dir=root / "models",
            port=0,
            max_upload_bytes=256 * 2**20,
            upload_idle_s=2.0,
            header_timeout_s=2.0,
        )
        with running(settings, STAND_IN_WORKER, logs=root / "logs") as service:
            target = Target(service, root)
            every: tuple[Attack | HttpAttack, ...] = (*ATTACKS, *HTTP_ATTACKS)
            chosen = [a for a in every if not names or any(name in a.name for name in names)]
            for attack in chosen:
                yield attack_by_upload(attack, target) if isinstance(attack, Attack) else attack_by_http(attack, target)


def main() -> int:
    """Run, print, write."""
    limit_mib = Settings().intake_memory_bytes >> 20
    print(f"{'attack':44} inputs  wrong  crashes  peak MiB (limit {limit_mib})  slowest s  files outside  outcomes")
    rows = []
    for row in run(sys.argv[1:]):
        rows.append(row)
        told = ", ".join(f"{code} {count}" for code, count in row.outcomes.most_common())
        print(
            f"{row.attack:44} {row.inputs:6} {row.unexpected:6} {row.crashes:8} {row.peak_mib:9}"
            f" {row.slowest_s:21.2f} {row.files_outside:14}  {told}",
            flush=True,
        )
    total = {"inputs": sum(r.inputs for r in rows), "wrong": sum(not r.is_well for r in rows)}
    write_results("attacks", "make attacks", [row.as_data() for row in rows], total=total, limit_mib=limit_mib)
    return 0 if all(row.is_well and row.peak_mib < limit_mib for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
