"""What is done to a whole service that is stopped: an upgrade, and a restore from a backup."""

import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from benchmarks.faults.aims import GoneOn, any_begun, working
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.service import FaultyService
from service.jobtable.schema import duties, jobs, tenants, tombstones, version
from tests.postgres_server import program

KEPT = ("uploads", "results")

AFTER_VERSION_1 = (
    "priority",
    "request_key",
    "request_digest",
    "rest_until",
    "excused",
    "provenance",
    "inputs_kept",
    "unread_since",
)


def upgrade(ledger: Ledger) -> GoneOn:
    """Stop everything, leave a job table as version 1 wrote it, and start."""
    working(ledger, None)
    ledger.service.stop()
    engine = sa.create_engine(ledger.service.settings.job_table_url)
    with engine.begin() as connection:
        _write_version_1(connection)
    engine.dispose()
    ledger.service.start()
    return any_begun(ledger)


def restore(ledger: Ledger) -> GoneOn:
    """Back up in mid-job as docs/operations.md says, lose every file, put the backup back, and start."""
    service = ledger.service
    working(ledger, None)
    backup = service.surroundings.folder / "backup"
    backup.mkdir()
    _save_table(service, backup)
    for name in KEPT:
        _copy(service.settings.data_dir / name, backup / name)
    service.stop()
    _lose(service)
    _restore_table(service, backup)
    for name in KEPT:
        _copy(backup / name, service.settings.data_dir / name)
    shutil.rmtree(backup)
    service.start()
    ledger.first_ends.clear()  # jobs that ended after the backup end once more
    return any_begun(ledger)


def _write_version_1(connection: sa.Connection) -> None:
    """Take away what version 1 of the job table did not have."""
    for index in jobs.indexes:
        if index.name in ("ix_jobs_of_tenant", "ix_jobs_ended", "ux_jobs_request"):
            index.drop(connection)
    for name in AFTER_VERSION_1:
        connection.execute(sa.text(f"ALTER TABLE jobs DROP COLUMN {name}"))
    for table in (tenants, tombstones, duties, version):
        table.drop(connection)


def _save_table(service: FaultyService, backup: Path) -> None:
    if service.settings.database_url is None:
        with (
            sqlite3.connect(service.settings.data_dir / "jobs.sqlite") as table,
            sqlite3.connect(backup / "jobs.sqlite") as copy,
        ):
            table.backup(copy)
        return
    _run([program("pg_dump"), "--clean", "--if-exists", "--file", str(backup / "jobs.sql"), _address(service)])


def _restore_table(service: FaultyService, backup: Path) -> None:
    if service.settings.database_url is None:
        shutil.copy(backup / "jobs.sqlite", service.settings.data_dir / "jobs.sqlite")
        return
    _run([program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "-f", str(backup / "jobs.sql"), _address(service)])


def _lose(service: FaultyService) -> None:
    """Every file of the data folder but those of a broker that is not the service's own and runs on."""
    for path in service.settings.data_dir.iterdir():
        if path != service.broker_path.parent or service.settings.redis_url is None:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _copy(source: Path, target: Path) -> None:
    """A copy of a folder in which files come and go."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        try:
            if path.is_dir():
                (target / path.relative_to(source)).mkdir(parents=True, exist_ok=True)
            else:
                (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target / path.relative_to(source))
        except FileNotFoundError:
            continue


def _address(service: FaultyService) -> str:
    """The database as PostgreSQL's own programs name it."""
    url = urlsplit(service.settings.job_table_url)
    return f"host={parse_qs(url.query)['host'][0]} user={url.username} dbname={url.path.lstrip('/')}"


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)
