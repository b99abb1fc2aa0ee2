"""Row ``upload``: a series of 300 instances over HTTP, our gateway until its 202 against Orthanc's REST import.

Both store what comes and answer. Orthanc also reads every header into its index before it answers; ours leaves headers
to the worker (docs/adr/0010), and flushes every file to disk. Orthanc is measured in the quickest of its ways.
"""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx

from benchmarks.bench.by_itself import measure_or_profile
from benchmarks.bench.orthanc import Orthanc, orthanc, ways_of_sending
from benchmarks.bench.profiled import profile_in
from benchmarks.bench.rows import Figures, Row
from benchmarks.bench.sides import REPEATS
from benchmarks.bench.teen import teen
from benchmarks.process_watch import Taken, watching
from benchmarks.senders import Body, send_at_once, write_body
from pedcontour.settings import Settings
from service.broker import EmbeddedBroker
from service.embedded import GATEWAY
from service.processes import Child
from tests.stand_ins.model import write_stand_in_model

TARGET = 3.0
MOST_MEMORY_MB = 80.0
START_S = 60.0


@dataclass(frozen=True)
class Gateway:
    """A gateway without workers: what is uploaded waits, and takes nothing from the next upload."""

    url: str
    pid: int


@dataclass(frozen=True)
class Upload:
    """One upload of the whole series."""

    seconds: float
    taken: Taken


def measure() -> list[Figures]:
    """Instances per second of both, in turns, and the memory that an upload adds to each."""
    files = teen().files
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        body = write_body(files, root / "body")
        try:
            with gateway(root) as ours, orthanc(root) as other:
                ways = ways_of_sending(other, files, root / "series.zip")
                first = {name: _import(other, send, len(files)) for name, send in ways.items()}
                best = min(first, key=lambda name: first[name].seconds)
                fresh = _send(ours, body).taken, next(iter(first.values())).taken
                uploads, imports = [], []
                for _ in range(REPEATS):
                    uploads.append(_send(ours, body))
                    imports.append(_import(other, ways[best], len(files)))
        except FileNotFoundError as reason:
            return [{"name": "upload", "met": False, "why": f"not measured: {reason}"}]
    return [_speed(uploads, imports, best, len(files)), _memory(fresh, uploads, imports)]


def _speed(uploads: list[Upload], imports: list[Upload], best: str, instances: int) -> Figures:
    ours, other = (instances / median(upload.seconds for upload in side) for side in (uploads, imports))
    return {
        "name": "upload",
        "ours": round(ours),
        "other": round(other),
        "other_is": f"Orthanc, {best}",
        "ratio": round(ours / other, 1),
        "unit": "instances/s",
        "target": f">= {TARGET:g}x",
        "met": ours / other >= TARGET,
        "n": len(uploads),
        "ours_cpu_s": round(median(u.taken.cpu_s for u in uploads), 2),
        "other_cpu_s": round(median(u.taken.cpu_s for u in imports), 2),
        "load": round(os.getloadavg()[0], 1),
    }


def _memory(fresh: tuple[Taken, Taken], uploads: list[Upload], imports: list[Upload]) -> Figures:
    """The most that either ever held beyond what it held before its first upload."""
    ours, other = (
        max(first.peak_mb, *(u.taken.peak_mb for u in side)) - first.before_mb
        for first, side in zip(fresh, (uploads, imports), strict=True)
    )
    return {
        "name": "upload/memory",
        "ours": round(ours),
        "other": round(other),
        "other_is": "Orthanc",
        "unit": "MB more than idle",
        "target": f"<= {MOST_MEMORY_MB:g}",
        "met": ours <= MOST_MEMORY_MB,
        "n": len(uploads),
    }


def _send(gateway: Gateway, body: Body) -> Upload:
    with watching(gateway.pid) as taken:
        (sent,) = send_at_once(gateway.url, body, 1)
    if sent.status != 202:
        raise RuntimeError(f"the gateway answered {sent.status}")
    httpx.delete(gateway.url + urlsplit(sent.address).path, timeout=START_S, trust_env=False).raise_for_status()
    return Upload(sent.whole_s, taken)


def _import(server: Orthanc, send: Callable[[], None], instances: int) -> Upload:
    with watching(server.pid) as taken:
        began = time.monotonic()
        send()
        seconds = time.monotonic() - began
    if server.count() != instances:
        raise RuntimeError("Orthanc did not keep every instance")
    server.clear()
    return Upload(seconds, taken)


@contextmanager
def gateway(root: Path, command: Sequence[str] = GATEWAY) -> Iterator[Gateway]:
    """Broker and gateway as ``pedcontour serve`` starts them, or the gateway by another command."""
    write_stand_in_model(root / "models")
    with EmbeddedBroker(root / "broker") as broker:
        settings = Settings(
            data_dir=root / "data",
            models_dir=root / "models",
            default_model="stand-in",
            redis_url=broker.url,
            port=_free_port(),
            max_posts_per_minute=1000,
        )
        child = Child("gateway", command, settings.environment(), root / "logs", settings.stop_grace_s)
        child.revive()
        try:
            url = f"http://127.0.0.1:{settings.port}"
            _wait(url)
            assert child.pid is not None
            yield Gateway(url, child.pid)
        finally:
            child.ask_to_stop()
            child.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        try:
            httpx.get(f"{url}/health/live", timeout=5.0, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the gateway does not answer")


ROW = Row("upload", "300 instances over HTTP against Orthanc's REST import", measure)


def profile() -> str:
    """Where the gateway's processor time goes over some uploads, its start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        root, file = Path(folder), Path(folder) / "gateway.profile"
        body = write_body(teen().files, root / "body")
        command = (sys.executable, "-m", "benchmarks.bench.profiled", str(file), "service.gateway")
        with gateway(root, command) as ours:
            for _ in range(REPEATS):
                _send(ours, body)
        return profile_in(file)


if __name__ == "__main__":
    measure_or_profile(__doc__, measure, profile)
