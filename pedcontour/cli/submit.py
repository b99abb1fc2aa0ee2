"""`pedcontour submit`: let a running service draw."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from pedcontour.cli.console import AsJson, names_of, print_json, progress_bar, told
from pedcontour.cli.contour import (
    AbsenceRules,
    Absent,
    ModelId,
    ModeName,
    OutFolder,
    Present,
    SeriesUid,
    Source,
    Structures,
)
from pedcontour.cli.outputs import (
    Decimals,
    EmptyRois,
    Holes,
    NameLength,
    Names,
    Outputs,
    Profile,
    SegEncoding,
)
from pedcontour.cli.remote import LOCAL_SERVICE, ApiKey, Url
from pedcontour.cli.results import show_result
from pedcontour.client import Client, RemoteJob
from pedcontour.errors import OutputFolderNotEmptyError, PedcontourError
from pedcontour.outputs import OutputWishes

SENT_SHARE = 0.1
"""The share of the progress bar that the upload fills; the job fills the rest."""


@told
def submit(
    source: Source,
    *,
    out: OutFolder,
    url: Url = LOCAL_SERVICE,
    api_key: ApiKey = None,
    model: ModelId = None,
    structures: Structures = None,
    absent: Absent = None,
    present: Present = None,
    absence_policy: AbsenceRules = None,
    series: SeriesUid = None,
    mode: ModeName = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Begin before the jobs that are not urgent.")] = False,
    profile: Profile = None,
    outputs: Outputs = None,
    seg_encoding: SegEncoding = None,
    holes: Holes = None,
    decimals: Decimals = None,
    name_length: NameLength = None,
    names: Names = None,
    empty_rois: EmptyRois = None,
    as_json: AsJson = False,
) -> None:
    """Send a CT series to a service, wait, and fetch the results.

    Ctrl-C asks the service to stop the job. --names takes the id of a template
    that lies on the service.

    \b
    Examples:
      pedcontour submit planning-ct/ --out result
      pedcontour submit study.zip -o result --absent Kidney_L
      pedcontour submit study.zip -o result --url https://contours.example.org
      pedcontour submit study.zip -o result --profile raystation --outputs rtstruct
    """
    wishes = OutputWishes(
        profile, tuple(names_of(outputs)), seg_encoding, holes, decimals, name_length, names, empty_rois
    )
    wanted = Wanted(model, tuple(names_of(structures)), tuple(names_of(absent)), series, wishes, urgent, mode)
    wanted = replace(wanted, present=tuple(names_of(present)), absence_policy=absence_policy)
    with Client(url, api_key) as client:
        job = send_and_fetch(client, source, out, wanted, quiet=as_json)
    if as_json:
        print_json({"job": job.id, "out": str(out.absolute()), "files": job.results})
    else:
        show_result(job.verdicts, job.warnings, out, job.roi_name)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the service, in the words of the user."""

    model: str | None = None
    structures: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    series: str | None = None
    outputs: OutputWishes = field(default_factory=OutputWishes)
    urgent: bool = False
    mode: str | None = None
    present: tuple[str, ...] = ()
    absence_policy: str | None = None


def send_and_fetch(client: Client, source: Path, out: Path, wanted: Wanted, *, quiet: bool) -> RemoteJob:
    """Send a series, wait for the job with a progress bar, and download its results into ``out``.

    A job that is interrupted here is cancelled there. Raises what the service refuses and what ended the job.
    """
    from pedcontour.contour.staging import staged_folder

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputFolderNotEmptyError  # said before the upload, not after the job
    with progress_bar(quiet=quiet) as progress:
        job = client.submit(
            source,
            model=wanted.model,
            structures=wanted.structures,
            absent=wanted.absent,
            present=wanted.present,
            absence_policy=wanted.absence_policy,
            series=wanted.series,
            mode=wanted.mode,
            outputs=wanted.outputs,
            urgent=wanted.urgent,
            request_key=uuid.uuid4().hex,  # a proxy may send a request twice
            on_sent=lambda sent, total: progress("upload", SENT_SHARE * sent / total),
        )
        try:
            job = client.wait(
                job.id,
                on_progress=lambda job: progress(job.stage or job.state, SENT_SHARE + (1 - SENT_SHARE) * job.progress),
            )
        except KeyboardInterrupt:
            with suppress(PedcontourError):  # Ctrl-C may have reached the service too
                client.cancel(job.id)
            raise
        with staged_folder(out) as folder:
            client.download(job.id, folder)
    return job
