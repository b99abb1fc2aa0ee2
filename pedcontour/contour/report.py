"""The report of a job: what was contoured, what became of every organ, and how far it may be trusted.

``Report`` is the schema of ``report.json``; ``Report.model_json_schema()`` prints it for other programs. It names the
CT by its UIDs and holds no name, number or date of a patient.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from pedcontour.bundle import ModelBundle
from pedcontour.dicom.digest import series_digest
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.reader import Intake
from pedcontour.organs import all_organs
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import DRAWN, Outcome, Verdict
from pedcontour.volume import Grid

SCHEMA_VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""

REVIEW_STATUS: Final = "AI-generated, not reviewed"
NOT_FOR_CLINICAL_USE: Final = "Not for clinical use without local validation."


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IgnoredInput(_Part):
    """Files of the input that were left out, and why."""

    code: str
    reason: str
    count: int
    uids: tuple[str, ...] = Field(description="SOP or Series Instance UIDs of what was left out, as far as known.")


class InputFacts(_Part):
    """Which CT series was contoured."""

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    slices: int
    digest_sha256: str = Field(
        description="SHA-256 over the slices by SOP Instance UID: the UID, a zero byte, and the Hounsfield values as "
        "little-endian float32."
    )
    ignored: tuple[IgnoredInput, ...]


class Geometry(_Part):
    """The grid of the results, which is the scanner's own."""

    shape: tuple[int, int, int] = Field(description="Slices, rows, columns.")
    spacing_mm: tuple[float, float, float] = Field(description="Between slices, rows, columns, in mm.")
    affine_lps_mm: tuple[tuple[float, ...], ...] = Field(
        description="4 x 4: index (slice, row, column, 1) to patient coordinates, x left, y posterior, z head, in mm."
    )


Written = Literal["contours", "empty", "nothing"]


class OrganReport(_Part):
    """What became of one organ."""

    organ: str = Field(description="Organ id, as in organs.toml.")
    name: str = Field(description="Name in words.")
    roi_name: str = Field(description="ROI name and segment label in the files: TG-263, or the site's own.")
    outcome: Outcome
    written: Written = Field(
        description="What RTSTRUCT and SEG hold of it: contours, an ROI and segment without any, or nothing."
    )
    volume_before_ml: float = Field(description="What the network drew, in mL.")
    volume_ml: float = Field(description="What is in the results, in mL.")
    confidence: float | None = Field(description="Mean probability over what the network drew, 0 to 1.")
    reason: str
    read_back_dice: float | None = Field(
        description="Overlap with the mask of RTSTRUCT and SEG as read again from disk: the lower one."
    )


class OutputFacts(_Part):
    """How the files were written, as asked for or preset by the profile; the values are those of ``OutputStyle``."""

    profile: str = Field(description="Planning system that the values were preset for.")
    outputs: tuple[str, ...] = Field(description="What was written: rtstruct, seg, report, preview.")
    seg_encoding: str
    holes: str
    decimals: int = Field(description="Digits after the point of coordinates in mm.")
    name_length: int = Field(description="Longest ROI name allowed, in characters.")
    names: str = Field(description="Id of the template of ROI names.")
    empty_rois: str


class ModelFacts(_Part):
    """The model that drew."""

    id: str
    name: str
    version: str
    digest_sha256: str = Field(description="SHA-256 of the model's checksum manifest.")


class SoftwareFacts(_Part):
    """The program that ran it."""

    name: Literal["pedcontour"] = "pedcontour"
    version: str
    engine: str
    mode: str = Field(description="Quality mode of the engine; `full` is equal to stock nnU-Net.")
    device: str = Field(description="Where the network ran, such as `cpu` or `cuda:0`.")
    timings_s: dict[str, float] = Field(description="Seconds per stage; `segment.*` are the engine's own.")


class Provenance(_Part):
    """Where a result comes from: the part of the report that is kept with the job."""

    input_sha256: str = Field(description="The report's `input.digest_sha256`.")
    model: ModelFacts
    software: SoftwareFacts


class OutputFile(_Part):
    """One file beside this report."""

    name: str
    bytes: int
    sha256: str


class Report(_Part):
    """Everything about one job that a physicist, a physician or a program may ask afterwards."""

    schema_version: Literal[1] = SCHEMA_VERSION
    job_id: str
    created: datetime = Field(description="When the job was accepted.")
    review_status: Literal["AI-generated, not reviewed"] = REVIEW_STATUS
    notice: Literal["Not for clinical use without local validation."] = NOT_FOR_CLINICAL_USE
    input: InputFacts
    geometry: Geometry
    organs: tuple[OrganReport, ...]
    warnings: tuple[str, ...] = Field(description="Each `CODE: sentence`.")
    model: ModelFacts
    software: SoftwareFacts
    outputs: OutputFacts
    files: tuple[OutputFile, ...]

    @property
    def provenance(self) -> Provenance:
        """Input, model and software, as kept with the job."""
        return Provenance(input_sha256=self.input.digest_sha256, model=self.model, software=self.software)


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


def geometry_of(grid: Grid) -> Geometry:
    """The grid in numbers."""
    return Geometry(
        shape=grid.shape, spacing_mm=grid.spacing_mm, affine_lps_mm=tuple(tuple(map(float, row)) for row in grid.affine)
    )


def output_facts(style: OutputStyle) -> OutputFacts:
    """The style in the report's form."""
    return OutputFacts(
        profile=style.profile,
        outputs=style.formats,
        seg_encoding=style.seg_encoding,
        holes=style.holes,
        decimals=style.decimals,
        name_length=style.name_length,
        names=style.names.id,
        empty_rois=style.empty_rois,
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
    return ModelFacts(id=model.id, name=model.name, version=model.version, digest_sha256=identity.model_digest)


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
