"""What the API answers, as documents: the wire form of jobs, verdicts, models and problems."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from pedcontour.contour.report import OutputFacts, Provenance
from pedcontour.inference.modes import Mode
from pedcontour.verdicts import AbsencePolicy, Outcome
from service.gateway.output_fields import OutputQuery
from service.jobs import Priority, State

JOB_EXAMPLE: dict[str, JsonValue] = {
    "id": "5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10",
    "state": "done",
    "priority": "routine",
    "stage": "picture",
    "progress": 1.0,
    "attempt": 1,
    "cancel_requested": False,
    "accepted_at": "2026-03-01T09:30:00Z",
    "started_at": "2026-03-01T09:30:00.050000Z",
    "ended_at": "2026-03-01T09:31:12Z",
    "model": "child-abdomen",
    "structures": None,
    "absent": ["kidney_left"],
    "present": [],
    "absence_policy": "filter",
    "series_uid": None,
    "mode": "standard",
    "outputs": {
        "profile": "eclipse",
        "outputs": ["rtstruct", "seg", "report", "preview"],
        "seg_encoding": "binary",
        "holes": "rings",
        "decimals": 3,
        "name_length": 16,
        "names": "tg263",
        "empty_rois": "omit",
    },
    "upload": {"files": 187, "bytes": 98566144},
    "verdicts": [
        {
            "organ": "kidney_left",
            "name": "Left kidney",
            "roi_name": "Kidney_L",
            "outcome": "absent_declared",
            "volume_before_ml": 3.2,
            "volume_ml": 0.0,
            "confidence": 0.61,
            "reason": "Declared absent in the request.",
            "review_roi_name": None,
            "review_ml": 0.0,
        }
    ],
    "warnings": [],
    "results": [{"name": "rtstruct.dcm", "href": "/v1/jobs/5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10/results/rtstruct.dcm"}],
    "results_zip": "/v1/jobs/5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10/results.zip",
    "problem": None,
    "provenance": {
        "input_sha256": "0d3f3f0c4f5a0f6b4a7c6e0f2b9b6e8a1c5d7e9f0a2b4c6d8e0f1a3b5c7d9e1f",
        "model": {
            "id": "child-abdomen",
            "name": "Child abdomen",
            "version": "3",
            "digest_sha256": "5b1f6c0d9e2a4b7c8d3e6f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c",
            "folds": 1,
        },
        "software": {
            "name": "pedcontour",
            "version": "0.1.0",
            "engine": "torch-cuda-amp16",
            "mode": "standard",
            "device": "cuda:0",
            "tiles_run": 27,
            "tiles_skipped": 0,
            "fallbacks": [],
            "peak_memory_bytes": 2147483648,
            "timings_s": {"read": 0.6, "segment": 8.1, "judge": 0.9, "write": 0.7, "check": 1.1, "picture": 0.8},
        },
    },
}


class Problem(BaseModel):
    """Why something was refused or failed (RFC 9457)."""

    type: str = Field(description="A URN made of the code.", examples=["urn:pedcontour:problem:UPLOAD_EMPTY"])
    title: str = Field(description="A sentence to act on; the same for every problem of this code.")
    status: int | None = Field(default=None, description="HTTP status, where the problem is the answer itself.")
    detail: str | None = Field(default=None, description="Facts of this case; never patient data.")
    code: str = Field(description="Stable name of the kind of problem.", examples=["UPLOAD_EMPTY"])
    instance_uids: list[str] = Field(default=[], description="SOP Instance UIDs of the offending images, where known.")


class OrganVerdict(BaseModel):
    """What became of one organ."""

    organ: str = Field(description="The organ's id.", examples=["kidney_left"])
    name: str = Field(examples=["Left kidney"])
    roi_name: str = Field(description="ROI name in the RTSTRUCT, segment label in the SEG.", examples=["Kidney_L"])
    outcome: Outcome
    volume_before_ml: float = Field(description="What the network drew, in mL.")
    volume_ml: float = Field(description="What is in the results, in mL.")
    confidence: float | None = Field(description="Mean probability over what the network drew, 0 to 1.")
    reason: str = Field(description="A sentence for the user.")
    review_roi_name: str | None = Field(
        description="Name of the region that holds what was removed, where `absence_policy` is `review_roi`.",
        examples=["Kidney_L_rev"],
    )
    review_ml: float = Field(description="Volume of that region, in mL.")


class Upload(BaseModel):
    """What was received."""

    files: int
    bytes: int


class ResultLink(BaseModel):
    """One file of a done job."""

    name: str = Field(examples=["rtstruct.dcm"])
    href: str


class JobQuery(OutputQuery):
    """What a job may ask for. A misspelt parameter is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(default=None, description="Id of the model; the default one when left out.")
    structures: list[str] = Field(default=[], description="Organs to draw, by id or ROI name; all when left out.")
    absent: list[str] = Field(default=[], description="Organs removed by surgery, such as `Kidney_L`: never drawn.")
    present: list[str] = Field(
        default=[], description="Organs known to be there, such as `Kidney_R`: never taken away by the absence rules."
    )
    absence_policy: AbsencePolicy | None = Field(
        default=None,
        description="What the absence rules may do: `filter` takes false organs away, `review_roi` keeps what it "
        "takes as a region of its own (`Kidney_L_rev`), `flag_only` keeps and flags false organs, `off` does not look. "
        "`filter` when left out.",
    )
    series: str | None = Field(
        default=None, description="Series Instance UID, where the upload holds several CT series."
    )
    mode: Mode | None = Field(
        default=None,
        description="Quality in which the network runs: `exact`, `standard`, `fast` or `tta`; "
        "`standard` when left out.",
    )
    priority: Priority | None = Field(
        default=None, description="`urgent` jobs are begun before all `routine` ones, which is what is meant otherwise."
    )


class JobsQuery(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] = Field(default=[], description="Jobs in one of these states; all when left out.")
    since: AwareDatetime | None = Field(default=None, description="Jobs accepted at this time or later.")
    until: AwareDatetime | None = Field(default=None, description="Jobs accepted before this time.")
    limit: int = Field(default=50, ge=1, le=200, description="Most jobs in one answer.")
    cursor: str | None = Field(default=None, max_length=128, description="Where to go on; part of `next`.")


class Job(BaseModel):
    """A job as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB_EXAMPLE]})

    id: str
    state: State
    priority: Priority
    stage: str = Field(description="What the worker is doing: read, wait, segment, judge, write, check, picture.")
    progress: float = Field(ge=0, le=1, description="Finished share of the whole, 0 to 1.")
    attempt: int = Field(description="How often a worker has begun this job.")
    cancel_requested: bool
    accepted_at: datetime
    started_at: datetime | None = Field(description="When the current or last attempt began.")
    ended_at: datetime | None
    model: str = Field(description="Id of the model.")
    structures: list[str] | None = Field(description="Organ ids asked for; null is all that the model draws.")
    absent: list[str] = Field(description="Organ ids declared absent.")
    present: list[str] = Field(description="Organ ids declared present.")
    absence_policy: AbsencePolicy = Field(description="What the absence rules may do.")
    series_uid: str | None = Field(description="Series Instance UID asked for.")
    mode: Mode = Field(description="Quality mode asked for.")
    outputs: OutputFacts = Field(description="How the results are written, as asked for or preset by the profile.")
    upload: Upload
    verdicts: list[OrganVerdict] = Field(
        description="One for every organ, once the job is done or failed with NOTHING_DRAWN."
    )
    warnings: list[str] = Field(description="Each `CODE: sentence`.")
    results: list[ResultLink] = Field(description="The files of a done job.")
    results_zip: str | None = Field(description="All files of a done job in one zip.")
    problem: Problem | None = Field(description="Why the job failed.")
    provenance: Provenance | None = Field(
        description="Digest of the input, model and software of a done job's results; more is in report.json."
    )


class JobEvent(BaseModel):
    """How a job stands, in short."""

    state: State
    stage: str
    progress: float = Field(ge=0, le=1)
    attempt: int


class Jobs(BaseModel):
    """A page of jobs, the newest first."""

    jobs: list[Job]
    next: str | None = Field(description="Address of the jobs that follow; null on the last page.")


class DrawnOrgan(BaseModel):
    """An organ that a model draws."""

    label: int = Field(description="Segment number in the SEG, ROI number in the RTSTRUCT.")
    organ: str
    name: str
    roi_name: str
    may_be_absent: bool = Field(description="Whether a request may declare it absent.")


class Model(BaseModel):
    """An installed model."""

    id: str
    name: str
    version: str
    digest_sha256: str = Field(description="SHA-256 of the model's checksum manifest.")
    is_default: bool = Field(description="Whether a request that names no model gets this one.")
    licence: str
    intended_use: str
    organs: list[DrawnOrgan]


class ModelWithCard(Model):
    """An installed model with its card."""

    card: str = Field(description="What the model is, was trained on, can and cannot do; Markdown.")


class Models(BaseModel):
    """The installed models."""

    models: list[Model]


class TemplateName(BaseModel):
    """What a template calls an organ."""

    organ: str = Field(examples=["kidney_left"])
    roi_name: str = Field(examples=["Kidney_L"])
    colour: tuple[int, int, int] = Field(description="RGB, 0 to 255.")


class Template(BaseModel):
    """A template of ROI names that a job may name in `names`."""

    id: str = Field(examples=["tg263"])
    title: str
    names: list[TemplateName] = Field(description="Every organ, also those that the template leaves as they are.")


class Templates(BaseModel):
    """The templates of ROI names."""

    templates: list[Template]


class Alive(BaseModel):
    """The gateway runs."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Jobs can be taken and finished."""

    status: Literal["ready"] = "ready"
    checks: dict[str, Literal["ok", "unreadable"]] = Field(
        description="What was asked; empty for a stranger. `unreadable` jobs wait for another version of the service, "
        "and keep no others from being taken.",
        examples=[
            {"job_table": "ok", "broker": "ok", "store": "ok", "worker": "ok", "consumption": "ok", "jobs": "ok"}
        ],
    )
