"""The use case itself: read, segment, judge, write, check, draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pedcontour.bundle import ModelBundle
from pedcontour.contour.report import (
    Report,
    SoftwareFacts,
    geometry_of,
    input_facts,
    model_facts,
    organ_reports,
    output_files,
)
from pedcontour.contour.request import ContourRequest, check_request
from pedcontour.contour.stages import StageProgress, Stages
from pedcontour.contour.staging import staged_folder
from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.ignored import Ignored
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.reader import Intake, read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.errors import NothingDrawnError
from pedcontour.inference.port import Engine, Prediction
from pedcontour.postprocessing import AbsenceRule, Judged, Wishes, judge
from pedcontour.preview import Caption, draw_preview
from pedcontour.verdicts import Verdict

REPORT = "report.json"
PREVIEW = "preview.png"


@dataclass(frozen=True)
class ContourJob:
    """Everything a job needs besides its files: a loaded engine, its model, the request, and the results' identity.

    ``absence_rules`` replaces the default rules of ``postprocessing`` by organ id; None keeps them. ``left_out`` is
    what an earlier look at the files set aside; the report tells it too.
    """

    engine: Engine
    model: ModelBundle
    request: ContourRequest
    identity: ResultIdentity
    absence_rules: Mapping[str, AbsenceRule] | None = None
    left_out: tuple[Ignored, ...] = ()


@dataclass(frozen=True)
class ContourOutcome:
    """What a job gave: verdicts, warnings, the names of the files in the output folder, and ``report.json`` as data."""

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    files: tuple[str, ...]
    report: dict[str, Any]


def contour_files(files: Sequence[Path], out: Path, job: ContourJob, progress: StageProgress) -> ContourOutcome:
    """Contour the CT series in ``files`` and put ``rtstruct.dcm``, ``seg.dcm``, ``report.json``, ``preview.png`` in
    ``out``.

    Every written DICOM file is read back from disk and compared with the mask before the folder appears, whole, in one
    rename; a job that fails or is cancelled leaves nothing. ``progress`` may raise ``CancelledError``.

    Raises ``OutputFolderNotEmptyError``; ``RequestError`` before any reading when the request cannot be met;
    ``InputError`` for a series that cannot be contoured; ``NothingDrawnError``, which carries the verdicts, when no
    organ is left to write; ``ResultError`` when the read-back fails.
    """
    check_request(job.request, job.engine.organs.values())
    stages = Stages(progress)
    with staged_folder(out) as folder:
        with stages.stage("read"):
            intake = read_series(files, series_uid=job.request.series_uid)
        with stages.stage("segment") as share:
            prediction = job.engine.segment(intake.series.volume, share)
        with stages.stage("judge"):
            wishes = Wishes(_all_or(job.request.structures), job.request.absent)
            image = intake.series.volume
            judged = judge(prediction.labels, prediction.confidence, image, wishes, job.absence_rules)
        if not judged.drawn:
            raise NothingDrawnError(verdicts=judged.verdicts, warnings=judged.warnings)
        dice = _write_checked(intake, judged, job.identity, folder, stages)
        with stages.stage("picture"):
            caption = Caption(model=f"{job.model.id} {job.model.version}", digest=job.identity.model_digest)
            picture = draw_preview(image, judged.labels, judged.verdicts, caption)
            picture.save(folder / PREVIEW)
        report = _report(intake, judged, dice, job, _software(job, prediction, stages), folder)
        (folder / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        names = tuple(sorted(path.name for path in folder.iterdir()))
    return ContourOutcome(judged.verdicts, judged.warnings, names, report.model_dump(mode="json"))


def _all_or(structures: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if structures is None else frozenset(structures)


def _write_checked(
    intake: Intake, judged: Judged, identity: ResultIdentity, folder: Path, stages: Stages
) -> Mapping[str, float]:
    """Write every output format, read both back from disk; returns the lower Dice of the two by organ id."""
    result = ContouredSeries(
        series=intake.series, labels=judged.labels, rois=rois_of(judged.labels, judged.drawn), identity=identity
    )
    with stages.stage("write") as share:
        for done, (name, write) in enumerate(WRITERS.items(), start=1):
            write(result, folder / f"{name}.dcm")
            share(done / len(WRITERS))
    with stages.stage("check"):
        return check_read_back(result, folder / "rtstruct.dcm", folder / "seg.dcm").dice


def _software(job: ContourJob, prediction: Prediction, stages: Stages) -> SoftwareFacts:
    engine_timings = {f"segment.{stage}": round(seconds, 3) for stage, seconds in prediction.timings_s.items()}
    return SoftwareFacts(
        version=job.identity.software_version,
        engine=prediction.engine,
        timings_s={**stages.timings_s, **engine_timings},
    )


def _report(
    intake: Intake,
    judged: Judged,
    dice: Mapping[str, float],
    job: ContourJob,
    software: SoftwareFacts,
    folder: Path,
) -> Report:
    return Report(
        job_id=job.identity.job_id,
        created=job.identity.created,
        input=input_facts(replace(intake, ignored=(*job.left_out, *intake.ignored))),
        geometry=geometry_of(intake.series.volume.grid),
        organs=organ_reports(judged.verdicts, dice),
        warnings=judged.warnings,
        model=model_facts(job.model, job.identity),
        software=software,
        files=output_files(folder),
    )
