"""What a report states, gathered from the parts of a job."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pedcontour.bundle import ModelBundle
from pedcontour.contour.report import (
    Geometry,
    IgnoredInput,
    InputFacts,
    ModelFacts,
    OrganReport,
    OutputFile,
    RequestFacts,
    Written,
)
from pedcontour.contour.request import ContourRequest
from pedcontour.dicom.digest import series_digest
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.reader import Intake
from pedcontour.organs import all_organs
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import DRAWN, Verdict
from pedcontour.volume import Grid


def input_facts(intake: Intake) -> InputFacts:
    """The series by its UIDs, and what was left out beside it."""
    series = intake.series
    return InputFacts(
        study_instance_uid=series.study_uid,
        series_instance_uid=series.series_uid,
        frame_of_reference_uid=series.frame_of_reference_uid,
        slices=len(series.headers),
        digest_sha256=series_digest(series),
        ignored=tuple(
            IgnoredInput(code=item.code, reason=item.reason, count=item.count, uids=item.uids)
            for item in intake.ignored
        ),
    )


def request_facts(request: ContourRequest) -> RequestFacts:
    """What the sender said about absent organs, in the order of their ids."""
    return RequestFacts(
        absence_policy=request.policy, absent=tuple(sorted(request.absent)), present=tuple(sorted(request.present))
    )


def geometry_of(grid: Grid) -> Geometry:
    """The grid in numbers."""
    return Geometry(
        shape=grid.shape, spacing_mm=grid.spacing_mm, affine_lps_mm=tuple(tuple(map(float, row)) for row in grid.affine)
    )


def organ_reports(
    verdicts: Sequence[Verdict], read_back_dice: Mapping[str, float], style: OutputStyle, empty: Collection[str] = ()
) -> tuple[OrganReport, ...]:
    """Verdicts in the report's form; volumes to a hundredth of a millilitre, probabilities to a thousandth.

    ``empty`` are the organs that the structure set names without contours.
    """
    organs = all_organs()
    return tuple(
        OrganReport(
            organ=verdict.organ,
            name=organs[verdict.organ].name,
            roi_name=style.names.name_of(verdict.organ),
            outcome=verdict.outcome,
            written=_written(verdict, style, empty),
            volume_before_ml=round(verdict.volume_before_ml, 2),
            volume_ml=round(verdict.volume_ml, 2),
            confidence=None if verdict.confidence is None else round(verdict.confidence, 3),
            reason=verdict.reason,
            read_back_dice=_rounded(read_back_dice.get(verdict.organ)),
            review_roi_name=style.names.review_name_of(verdict.organ) if verdict.review_ml > 0.0 else None,
            review_ml=round(verdict.review_ml, 2),
        )
        for verdict in verdicts
    )


def _written(verdict: Verdict, style: OutputStyle, empty: Collection[str]) -> Written:
    if not (style.writes("rtstruct") or style.writes("seg")):
        return "nothing"
    if verdict.outcome in DRAWN:
        return "contours"
    return "empty" if verdict.organ in empty else "nothing"


def model_facts(model: ModelBundle, identity: ResultIdentity) -> ModelFacts:
    """The model's names; the digest is the one that the written objects carry."""
    return ModelFacts(
        id=model.id,
        name=model.name,
        version=model.version,
        digest_sha256=identity.model_digest,
        folds=len(model.weights),
    )


def output_files(folder: Path) -> tuple[OutputFile, ...]:
    """Name, size and SHA-256 of every file of a folder, by name."""
    return tuple(
        OutputFile(name=path.name, bytes=path.stat().st_size, sha256=_sha256(path)) for path in sorted(folder.iterdir())
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rounded(dice: float | None) -> float | None:
    return None if dice is None else round(dice, 4)
