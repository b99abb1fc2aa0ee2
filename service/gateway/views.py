"""From the service's own values to the documents of ``schemas``."""

from dataclasses import replace

from pedcontour.bundle import ModelBundle
from pedcontour.contour.report import OutputFacts, Provenance
from pedcontour.errors import JobUnreadableError
from pedcontour.organs import all_organs
from pedcontour.outputs import OutputStyle, RoiNames
from pedcontour.verdicts import Verdict
from service.gateway import schemas
from service.gateway.problems import problem_of
from service.jobs import Job, Options, Problem
from service.jobstore import Standing

JOBS_PATH = "/v1/jobs"
"""Where jobs are found."""


def job_path(job_id: str) -> str:
    """Where a job is found."""
    return f"{JOBS_PATH}/{job_id}"


def event_view(standing: Standing) -> schemas.JobEvent:
    """How a job stands, in short."""
    return schemas.JobEvent(**vars(standing))


def job_view(job: Job) -> schemas.Job:
    """A job as the API shows it; one that cannot be read, or whose end cannot, with a problem that says so."""
    if job.is_readable:
        try:
            return _view(job)
        except (ValueError, KeyError):  # an end that a later version wrote, with an organ or a fact unknown here
            pass
    unreadable = replace(
        job,
        options=Options(job.options.model_id),
        problem=job.problem or Problem.of(JobUnreadableError()),
        verdicts=(),
        provenance=None,
    )
    return _view(unreadable)


def _view(job: Job) -> schemas.Job:
    path = job_path(job.id)
    names = sorted(job.results or {})
    style = OutputStyle.from_data(job.options.outputs)
    return schemas.Job(
        id=job.id,
        state=job.state,
        priority=job.priority,
        stage=job.stage,
        progress=job.progress,
        attempt=job.attempt,
        cancel_requested=job.cancel_requested,
        accepted_at=job.accepted_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        model=job.options.model_id,
        structures=None if job.options.structures is None else list(job.options.structures),
        absent=list(job.options.absent),
        present=list(job.options.present),
        absence_policy=job.options.policy,
        series_uid=job.options.series_uid,
        mode=job.options.mode,
        outputs=OutputFacts.of(style),
        upload=schemas.Upload(files=job.upload_files, bytes=job.upload_bytes),
        verdicts=[_verdict_view(verdict, style.names) for verdict in job.verdicts],
        warnings=list(job.warnings),
        results=[schemas.ResultLink(name=name, href=f"{path}/results/{name}") for name in names],
        results_zip=f"{path}/results.zip" if names else None,
        problem=problem_of(job.problem) if job.problem else None,
        provenance=Provenance.model_validate(job.provenance) if job.provenance else None,
    )


def _verdict_view(verdict: Verdict, names: RoiNames) -> schemas.OrganVerdict:
    organ = all_organs()[verdict.organ]
    review = names.review_name_of(organ.id) if verdict.review_ml > 0.0 else None
    return schemas.OrganVerdict(
        name=organ.name, roi_name=names.name_of(organ.id), review_roi_name=review, **vars(verdict)
    )


def template_view(names: RoiNames) -> schemas.Template:
    """A template of ROI names as the API lists it."""
    entries = [
        schemas.TemplateName(organ=organ, roi_name=names.name_of(organ), colour=names.colour_of(organ))
        for organ in all_organs()
    ]
    return schemas.Template(id=names.id, title=names.title, names=entries)


def model_view(model: ModelBundle, is_default: bool) -> schemas.Model:
    """A model as the API lists it."""
    known = all_organs()
    organs = [
        schemas.DrawnOrgan(
            label=label,
            organ=organ,
            name=known[organ].name,
            roi_name=known[organ].tg263,
            may_be_absent=known[organ].may_be_absent,
        )
        for label, organ in sorted(model.organs.items())
    ]
    return schemas.Model(
        id=model.id,
        name=model.name,
        version=model.version,
        digest_sha256=model.digest,
        is_default=is_default,
        licence=model.licence,
        intended_use=model.intended_use,
        organs=organs,
    )


def model_with_card(model: ModelBundle, is_default: bool) -> schemas.ModelWithCard:
    """A model as the API shows it alone."""
    return schemas.ModelWithCard(**model_view(model, is_default).model_dump(), card=model.card)
