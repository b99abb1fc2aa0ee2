"""The use case itself: read, segment, judge, write, check, draw."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL.Image import Image

from pedcontour.bundle import ModelBundle
from pedcontour.contour.facts import geometry_of, input_facts, model_facts, organ_reports, output_files, request_facts
from pedcontour.contour.report import OrganReport, OutputFacts, Report, SoftwareFacts
from pedcontour.contour.request import ContourRequest, check_request
from pedcontour.contour.stages import StageProgress, Stages, Turn
from pedcontour.contour.staging import staged_folder
from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.ignored import Ignored
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.reader import Intake, read_series
from pedcontour.dicom.rois import Roi, rois_named, rois_of
from pedcontour.errors import NothingDrawnError
from pedcontour.inference.memory import forget_peak, peak_resident_bytes
from pedcontour.inference.modes import quality_of
from pedcontour.inference.port import Engine, Prediction
from pedcontour.outputs import OutputStyle
from pedcontour.postprocessing import AbsenceRule, Hints, Judged, Wishes, judge, rules_of
from pedcontour.preview import Caption, draw_preview
from pedcontour.verdicts import DRAWN, Outcome, Verdict
from pedcontour.volume import Volume

REPORT = "report.json"
PREVIEW = "preview.png"


@dataclass(frozen=True)
class ContourJob:
    """Everything a job needs besides its files: a loaded engine, its model, the request, and the results' identity.

    ``absence_rules`` replaces, by organ id, the rules that go with the model (its fitted absence filter, or the default
    ones of ``postprocessing``); None keeps them. ``left_out`` is what an earlier look at the files set aside; the
    report tells it too. ``turn`` is waited for before the network runs; None where nobody else uses the device.
    """

    engine: Engine
    model: ModelBundle
    request: ContourRequest
    identity: ResultIdentity
    absence_rules: Mapping[str, AbsenceRule] | None = None
    left_out: tuple[Ignored, ...] = ()
    turn: Turn | None = None


@dataclass(frozen=True)
class ContourOutcome:
    """What a job gave: verdicts, warnings, the names of the files in the output folder, and ``report.json`` as data.

    ``provenance`` is the part of the report to be kept with the job, as data.
    """

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    files: tuple[str, ...]
    report: dict[str, Any]
    provenance: dict[str, Any]


def contour_files(files: Sequence[Path], out: Path, job: ContourJob, progress: StageProgress) -> ContourOutcome:
    """Contour the CT series in ``files`` and put ``rtstruct.dcm``, ``seg.dcm``, ``report.json``, ``preview.png`` in
    ``out``, or those of them that the request's style asks for.

    Every written DICOM file is read back from disk and compared with the mask, and with the input's patient, study,
    series and frame of reference, before the folder appears, whole, in one rename; a job that fails or is cancelled
    leaves nothing. ``progress`` may raise ``CancelledError``.

    Raises ``OutputFolderNotEmptyError``; ``RequestError`` before any reading when the request cannot be met;
    ``InputError`` for a series that cannot be contoured; ``NothingDrawnError``, which carries the verdicts, when no
    organ is left to write; ``ReadBackMismatchError`` and ``IdentityMismatchError`` when the read-back fails.
    """
    check_request(job.request, job.engine.organs.values())
    quality_of(job.request.mode, job.model.mirroring_axes)
    rules = rules_of(job.model.presence) if job.absence_rules is None else job.absence_rules
    stages = Stages(progress)
    forget_peak()  # a warm process holds that of the jobs before
    with staged_folder(out) as folder:
        with stages.stage("read"):
            intake = read_series(files, series_uid=job.request.series_uid)
        prediction = _segment(intake.series.volume, job, stages)
        with stages.stage("judge"):
            wishes = _wishes(job.request)
            image = intake.series.volume
            hints = Hints(prediction.spread, prediction.firm)
            judged = judge(prediction.labels, prediction.confidence, image, wishes, rules, hints)
        if not judged.has_regions:
            raise NothingDrawnError(verdicts=judged.verdicts, warnings=judged.warnings)
        result = _result(intake, judged, job)
        dice = _write_checked(result, folder, stages)
        if job.request.style.writes("preview"):
            with stages.stage("picture"):
                _draw(image, judged, job).save(folder / PREVIEW)
        organs = organ_reports(judged.verdicts, dice, result.style, {roi.organ.id for roi in result.empty})
        report = _report(intake, job, organs, judged.warnings, _software(job, prediction, stages), folder)
        (folder / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        names = tuple(sorted(path.name for path in folder.iterdir()))
    provenance = report.provenance.model_dump(mode="json")
    return ContourOutcome(judged.verdicts, judged.warnings, names, report.model_dump(mode="json"), provenance)


def _segment(image: Volume, job: ContourJob, stages: Stages) -> Prediction:
    """Run the network; another job gets it as soon as it has ended here, while this one is still judged and written."""
    with ExitStack() as held:
        if job.turn is not None:
            with stages.stage("wait"):
                held.enter_context(job.turn(job.engine.memory_bytes(image, job.request.mode)))
        with stages.stage("segment") as share:
            return job.engine.segment(image, share, job.request.mode)


def _wishes(request: ContourRequest) -> Wishes:
    structures = None if request.structures is None else frozenset(request.structures)
    return Wishes(structures, request.absent, request.present, request.policy)


def _result(intake: Intake, judged: Judged, job: ContourJob) -> ContouredSeries:
    style = job.request.style
    return ContouredSeries(
        series=intake.series,
        labels=judged.labels,
        rois=rois_of(judged.labels, judged.drawn, style.names),
        identity=job.identity,
        style=style,
        empty=_empty_rois(judged, style),
    )


def _empty_rois(judged: Judged, style: OutputStyle) -> tuple[Roi, ...]:
    """The requested organs that were not drawn, where the style keeps them."""
    if style.empty_rois == "omit":
        return ()
    unwanted = DRAWN | {Outcome.NOT_REQUESTED}
    organs = [verdict.organ for verdict in judged.verdicts if verdict.outcome not in unwanted]
    return rois_named(judged.labels, organs, style.names)


def _write_checked(result: ContouredSeries, folder: Path, stages: Stages) -> Mapping[str, float]:
    """Write what the style asks for and read it back from disk; returns the lowest Dice by organ id."""
    files = {name: folder / f"{name}.dcm" for name in WRITERS if result.style.writes(name)}
    with stages.stage("write") as share:
        for done, (name, path) in enumerate(files.items(), start=1):
            WRITERS[name](result, path)
            share(done / len(files))
    with stages.stage("check"):
        return check_read_back(result, files).dice


def _draw(image: Volume, judged: Judged, job: ContourJob) -> Image:
    caption = Caption(model=f"{job.model.id} {job.model.version}", digest=job.identity.model_digest)
    colours = {verdict.organ: job.request.style.names.colour_of(verdict.organ) for verdict in judged.verdicts}
    return draw_preview(image, judged.labels, judged.verdicts, caption, colours)


def _software(job: ContourJob, prediction: Prediction, stages: Stages) -> SoftwareFacts:
    engine_timings = {f"segment.{stage}": round(seconds, 3) for stage, seconds in prediction.timings_s.items()}
    return SoftwareFacts(
        version=job.identity.software_version,
        engine=prediction.engine,
        mode=prediction.mode,
        device=prediction.device,
        tiles_run=prediction.tiles_run,
        tiles_skipped=prediction.tiles_skipped,
        fallbacks=prediction.fallbacks,
        peak_memory_bytes=peak_resident_bytes(),
        timings_s={**stages.timings_s, **engine_timings},
    )


def _report(
    intake: Intake,
    job: ContourJob,
    organs: tuple[OrganReport, ...],
    warnings: tuple[str, ...],
    software: SoftwareFacts,
    folder: Path,
) -> Report:
    return Report(
        job_id=job.identity.job_id,
        created=job.identity.created,
        input=input_facts(replace(intake, ignored=(*job.left_out, *intake.ignored))),
        request=request_facts(job.request),
        geometry=geometry_of(intake.series.volume.grid),
        organs=organs,
        warnings=warnings,
        model=model_facts(job.model, job.identity),
        software=software,
        outputs=OutputFacts.of(job.request.style),
        files=output_files(folder),
    )
