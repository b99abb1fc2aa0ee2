"""The report of a job: what was contoured, what became of every organ, and how far it may be trusted.

``Report`` is the schema of ``report.json``; ``Report.model_json_schema()`` prints it for other programs. It names the
CT by its UIDs and holds no name, number or date of a patient. The gateway shows parts of it, so nothing that reads
images is imported here; ``facts`` fills it in.
"""

from datetime import datetime
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import AbsencePolicy, Outcome

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
        description="Overlap with the mask of RTSTRUCT and SEG as read again from disk: the lower one; where something "
        "lies there for review, of that."
    )
    review_roi_name: str | None = Field(
        default=None, description="Name of the region that holds what was removed, in RTSTRUCT and SEG, for review."
    )
    review_ml: float = Field(default=0.0, description="Volume of that region, in mL.")


class RequestFacts(_Part):
    """What was said about organs that surgery may have removed."""

    absence_policy: AbsencePolicy = Field(default="filter", description="What the absence rules were allowed to do.")
    absent: tuple[str, ...] = Field(default=(), description="Organ ids declared absent: never drawn.")
    present: tuple[str, ...] = Field(default=(), description="Organ ids declared present: never taken away.")


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

    @classmethod
    def of(cls, style: OutputStyle) -> Self:
        """The style in the report's form."""
        return cls(
            profile=style.profile,
            outputs=style.formats,
            seg_encoding=style.seg_encoding,
            holes=style.holes,
            decimals=style.decimals,
            name_length=style.name_length,
            names=style.names.id,
            empty_rois=style.empty_rois,
        )


class ModelFacts(_Part):
    """The model that drew."""

    id: str
    name: str
    version: str
    digest_sha256: str = Field(description="SHA-256 of the model's checksum manifest.")
    folds: int = Field(default=1, description="Networks whose mean drew: the folds of a training.")


class SoftwareFacts(_Part):
    """The program that ran it."""

    name: Literal["pedcontour"] = "pedcontour"
    version: str
    engine: str
    mode: str = Field(description="Quality mode: `exact`, `standard`, `fast` or `tta` (docs/modes.md).")
    device: str = Field(description="Where the network ran, such as `cpu` or `cuda:0`.")
    tiles_run: int = Field(default=0, description="Tiles that the network was run on.")
    tiles_skipped: int = Field(default=0, description="Tiles left out because they show nothing of the patient.")
    fallbacks: tuple[str, ...] = Field(
        default=(), description="What was given up on the way, such as a GPU whose memory ran out."
    )
    peak_memory_bytes: int = Field(
        default=0,
        description="Most memory that the process which contoured held during this job, loaded networks included, "
        "or ever, where the system does not let it measure anew; 0 unknown.",
    )
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
    request: RequestFacts = RequestFacts()
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
