"""`pedcontour demo`: the whole thing once, as a planning system would use it."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, err, print_json, told
from pedcontour.cli.contour import ModelsFolder
from pedcontour.cli.results import FILES, show_result
from pedcontour.cli.submit import Wanted, send_and_fetch
from pedcontour.client import Client, RemoteJob
from pedcontour.errors import OutputFolderNotEmptyError, PedcontourError

if TYPE_CHECKING:
    from pedcontour.settings import Settings

PHANTOM = "phantom"
"""Folder of the phantom within the results: its CT opens beside the contours in any viewer."""

DEMO_SEED = 7
DEMO_AGE_YEARS = 6.0
DEMO_SPACING_MM = 1.5
DEMO_SLICE_SPACING_MM = 3.0
"""A planning-like scan, a little coarser than usual so that two cores are done in under two minutes."""


@told
def demo(
    ct: Annotated[
        Path | None, typer.Argument(help="Folder or zip with your own CT series; without it, a phantom.", exists=True)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("demo-out"),
    models_dir: ModelsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show it all once: start the service, send a CT over HTTP, fetch the results.

    The service is stopped at the end. A folder that an earlier demo filled is
    replaced.

    \b
    Examples:
      pedcontour demo
      pedcontour demo my-planning-ct/ --out my-result
    """
    from pedcontour.settings import Settings

    settings = Settings.read(api_keys=())
    if models_dir:
        settings = settings.model_copy(update={"models_dir": models_dir})
    job = run_demo(ct, out, settings, quiet=as_json)
    if as_json:
        print_json({"job": job.id, "out": str(out.absolute()), "files": job.results})
    else:
        show_result(job.verdicts, job.warnings, out, job.roi_name)


def run_demo(
    ct: Path | None, out: Path, settings: "Settings", *, quiet: bool, worker: Sequence[str] | None = None
) -> RemoteJob:
    """Run the whole service for one series, a phantom when ``ct`` is None, and leave its results in ``out``.

    The service listens on a free port of this machine, keeps its state in a temporary folder, and is stopped at the
    end; of ``settings`` the model and the device count. ``worker`` replaces the command that starts a worker.
    """
    from service.embedded import WORKER, running

    _clear_earlier(out)
    with tempfile.TemporaryDirectory(prefix="pedcontour-demo-") as scratch:
        folder = Path(scratch)
        source = ct or _make_child(folder / PHANTOM, quiet=quiet)
        _say("Starting the service on a free port of this machine", quiet=quiet)
        own = {"host": "127.0.0.1", "port": 0, "data_dir": folder / "service", "redis_url": None, "database_url": None}
        own |= {"oidc_issuer": None, "allowed_hosts": (), "audit_dir": None}
        here = settings.model_copy(update=own)
        with (
            _logs_kept_on_failure(folder / "logs", out),
            running(here, worker or WORKER, logs=folder / "logs") as service,
            Client(service.url) as client,
        ):
            _say(f"Sending {source} to {service.url}", quiet=quiet)
            job = send_and_fetch(client, source, out, Wanted(), quiet=quiet)
        if ct is None:
            shutil.move(folder / PHANTOM, out / PHANTOM)
    return job


def _make_child(folder: Path, *, quiet: bool) -> Path:
    from pedcontour.cli.phantom import make_phantom
    from pedcontour.phantom import ChildSpec, ScanSpec

    _say(f"Making a synthetic child of {DEMO_AGE_YEARS:g} years and scanning it", quiet=quiet)
    folder.mkdir()
    scan = ScanSpec(
        spacing_mm=(DEMO_SPACING_MM, DEMO_SPACING_MM), slice_spacing_mm=DEMO_SLICE_SPACING_MM, seed=DEMO_SEED
    )
    make_phantom(ChildSpec(seed=DEMO_SEED, age_years=DEMO_AGE_YEARS), scan, folder)
    return folder / "ct"


def _clear_earlier(out: Path) -> None:
    """Remove what an earlier demo left in ``out``, and refuse a folder that holds anything else."""
    if not out.exists():
        return
    ours = {*FILES, PHANTOM}
    if not out.is_dir() or any(path.name not in ours for path in out.iterdir()):
        raise OutputFolderNotEmptyError
    shutil.rmtree(out)


@contextmanager
def _logs_kept_on_failure(logs: Path, out: Path) -> Iterator[None]:
    """When the demo fails, put the service's logs beside the result folder and say so."""
    try:
        yield
    except PedcontourError:
        kept = out.absolute().with_name(f"{out.name}-logs")
        if logs.is_dir():
            shutil.copytree(logs, kept, dirs_exist_ok=True)
            err.print(f"The service's logs are in {escape(str(kept))}", highlight=False)
        raise


def _say(sentence: str, *, quiet: bool) -> None:
    if not quiet:
        err.print(escape(sentence), highlight=False)
