"""The containers of docker-compose.yml for real: `make compose-check`.

Builds and starts them under a project name and secrets of their own, sends jobs, kills each container while a job
runs, takes everything down and up again, and counts: every job accepted must end exactly once, with all its results.
Once with the job table in SQLite, and once with the profile ``postgres`` and two workers.
Prints a table and writes ``benchmarks/results/compose.json``. Needs a Docker Engine with Compose v2.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.results_file import write_results
from pedcontour.cli.phantom import make_phantom
from pedcontour.client import Client, RemoteJob
from pedcontour.errors import PedcontourError
from pedcontour.phantom import ChildSpec, ScanSpec

ROOT = Path(__file__).parents[1]
RESULTS = frozenset({"rtstruct.dcm", "seg.dcm", "report.json", "preview.png"})
SHORT_STACK_MM = (-20.0, 60.0)
"""Kidneys, liver and spleen of a small child: a real job that a CPU does in seconds."""
GATEWAY_BYTES = 400 * 10**6
"""What the gateway's image may add to its base."""
PATIENCE_S = 900.0

DATABASES = ("sqlite", "postgres")

DATABASE_URL = "postgresql+psycopg://pedcontour@postgres:5432/pedcontour"
"""As docs/deployment.md has it."""


@dataclass
class Deployment:
    """One running copy of the compose file, apart from any other on this engine."""

    overrides: Sequence[Path]
    secrets: Path
    port: int
    database: str
    name: str = field(default_factory=lambda: f"pedcontour-check-{uuid.uuid4().hex[:8]}")

    def compose(self, *command: str) -> str:
        """Run ``docker compose`` with this project's files and settings; returns what it printed."""
        files = [part for file in (ROOT / "docker-compose.yml", *self.overrides) for part in ("-f", str(file))]
        environment = os.environ | {"PEDCONTOUR_SECRETS": str(self.secrets), "PEDCONTOUR_PORT": str(self.port)}
        if self.database == "postgres":
            environment["PEDCONTOUR_DATABASE_URL"] = DATABASE_URL
            files = ["--profile", "postgres", *files]
        return _run(["docker", "compose", "-p", self.name, *files, *command], environment)

    def up(self, *options: str) -> None:
        """Start what does not run, and wait until all of it is healthy."""
        workers = 2 if self.database == "postgres" else 1
        self.compose("up", "--detach", "--wait", "--scale", f"worker={workers}", *options)

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command)

    @property
    def client(self) -> Client:
        """A client with the deployment's key."""
        return Client(f"http://127.0.0.1:{self.port}", (self.secrets / "pedcontour_api_keys").read_text())


@contextmanager
def deployed(overrides: Sequence[Path], port: int, database: str) -> Iterator[Deployment]:
    """Build and start everything; at the end remove containers, networks and volumes."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder) / "secrets"
        _run(["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(secrets)])
        deployment = Deployment(overrides, secrets, port, database)
        try:
            deployment.up("--build")
            yield deployment
        except subprocess.CalledProcessError:
            sys.stderr.write(deployment.compose("logs", "--tail", "20"))
            raise
        finally:
            deployment.compose("down", "--volumes", "--timeout", "5")


def fault_row(name: str, deployment: Deployment, series: Path, fault: Callable[[], object]) -> dict[str, Any]:
    """Send three jobs, do ``fault`` while the first runs, and count what became of them."""
    with deployment.client as client:
        sent = [client.submit(series).id for _ in range(3)]
        _wait(lambda: client.job(sent[0]).state != "queued")
        struck = time.monotonic()
        fault()
        ended = [_ended(client, job) for job in sent]
    done = [job for job in ended if job.state == "done" and set(job.results) >= RESULTS]
    return {
        "name": name,
        "unit": "jobs",
        "n": len(sent),
        "done": len(done),
        "lost": len(sent) - len(done),
        "recovery_s": round(time.monotonic() - struck, 1),
        "target": 0,
        "met": len(done) == len(sent),
    }


def fault_rows(deployment: Deployment, series: Path) -> Iterator[dict[str, Any]]:
    """Every container killed in mid-job, then everything taken down and up."""
    for service in ("worker", "gateway", "redis", *(["postgres"] if deployment.database == "postgres" else [])):

        def restart(service: str = service) -> None:
            deployment.compose("kill", "--signal", "SIGKILL", service)
            deployment.up()

        yield fault_row(f"{service} killed in mid-job ({deployment.database})", deployment, series, restart)

    def down_and_up() -> None:
        deployment.compose("down", "--timeout", "5")
        deployment.up()

    yield fault_row(f"all taken down in mid-job, and up ({deployment.database})", deployment, series, down_and_up)


def hardening_rows(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """What the containers must not be able to do, tried from inside."""
    tries = {
        "a file in the image": "open('/opt/venv/probe', 'w')",
        "torch in the gateway": "import torch",
        "a network beyond the gateway's": "import socket; socket.create_connection(('192.0.2.1', 80), 2)",
    }
    for what, code in tries.items():
        service = "worker" if what.startswith("a network") else "gateway"
        yield _refused_row(f"{service}: {what}", partial(deployment.inside, service, "python", "-c", code))
    users = {service: deployment.inside(service, "id", "-u").strip() for service in ("gateway", "worker")}
    yield {"name": "users are not root", "unit": "uid", **users, "met": "0" not in users.values()}
    caps = deployment.inside("worker", "grep", "CapEff", "/proc/1/status").split()[-1]
    yield {"name": "worker: capabilities", "unit": "mask", "ours": caps, "target": 0, "met": int(caps, 16) == 0}


def size_rows() -> Iterator[dict[str, Any]]:
    """What each image adds to its base, in bytes."""
    base = _image_bytes("python:3.11-slim-bookworm")
    for name, target in (("pedcontour-gateway", GATEWAY_BYTES), ("pedcontour-worker", None)):
        own = _image_bytes(name) - base
        row = {"name": f"{name} beyond its base", "unit": "MB", "ours": round(own / 1e6)}
        yield row | ({} if target is None else {"target": target // 10**6, "met": own <= target})


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 when a row is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--override", type=Path, action="append", default=[], help="a further compose file")
    parser.add_argument("--port", type=int, default=18080, help="port of the gateway on this host (default 18080)")
    parser.add_argument("--database", action="append", choices=DATABASES, help="of the job table; both when left out")
    options = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        series = Path(folder)
        make_phantom(ChildSpec(seed=3, age_years=4.0), ScanSpec((2.0, 2.0), 4.0, z_range_mm=SHORT_STACK_MM), series)
        for database in options.database or DATABASES:
            with deployed(options.override, options.port, database) as deployment:
                rows += [] if rows else [*size_rows(), *hardening_rows(deployment)]
                for row in fault_rows(deployment, series / "ct"):
                    rows.append(row)
                    Console().print(f"{row['name']}: {row['done']} of {row['n']} done after {row['recovery_s']} s")
    _show(rows)
    Console().print(f"written: {write_results('compose', 'make compose-check', rows)}")
    return 0 if all(row.get("met", True) for row in rows) else 1


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("what", "jobs", "lost", "recovery s", "figure", "met")
    for row in rows:
        figure = f"{row['ours']} {row['unit']}" if "ours" in row else ""
        cells = (row.get("n", ""), row.get("lost", ""), row.get("recovery_s", ""), figure, row.get("met", ""))
        table.add_row(row["name"], *map(str, cells))
    Console().print(table)


def _refused_row(name: str, attempt: Callable[[], str]) -> dict[str, Any]:
    try:
        attempt()
    except subprocess.CalledProcessError as error:
        why = (error.stderr or "").strip().splitlines()
        return {"name": f"{name} is refused", "unit": "", "ours": why[-1].split(":")[0] if why else "", "met": True}
    return {"name": f"{name} is refused", "unit": "", "ours": "allowed", "met": False}


def _ended(client: Client, job_id: str) -> RemoteJob:
    """The job at its end, whatever the end was; the client outlasts a restart of the gateway."""
    with suppress(PedcontourError):
        client.wait(job_id, timeout_s=PATIENCE_S)
    return client.job(job_id)


def _wait(come_true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not come_true():
        if time.monotonic() > give_up:
            raise TimeoutError(f"not within {PATIENCE_S:.0f} s")
        time.sleep(0.3)


def _image_bytes(name: str) -> int:
    return int(_run(["docker", "image", "inspect", "--format", "{{.Size}}", name]))


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
