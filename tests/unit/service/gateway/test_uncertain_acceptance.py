"""A job whose keeping is not certain never loses its images, and what certainly was not kept leaves none."""

from pathlib import Path

from pedcontour.errors import AuditError, JobTableError
from service.audit import Entry, MemoryTrail
from service.jobs import Job
from service.jobstore import Listing, MemoryJobStore, Witness, nobody
from tests.unit.service.gateway.conftest import Gateway, make_gateway

FILES = {"file": ("a.dcm", b"slice")}
KEYED = {"Idempotency-Key": "plan 7"}


class AnswerLost(MemoryJobStore):
    """A table whose first answer to COMMIT is lost: the job is kept, and nobody is told."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = False

    def accept(self, job: Job, witness: Witness = nobody) -> Job:
        kept = super().accept(job, witness)
        if not self.answers:
            self.answers = True
            raise JobTableError("OperationalError")
        return kept


class Refused(MemoryTrail):
    """An audit file that takes nothing."""

    def append(self, entry: Entry) -> None:
        raise AuditError("OSError")


def uploads(gateway: Gateway) -> list[str]:
    return sorted(path.name for path in gateway.parts.uploads.iterdir())


def test_a_job_that_was_kept_without_an_answer_has_its_images_when_the_request_is_sent_again(
    tmp_path: Path, models: None
) -> None:
    gateway = make_gateway(tmp_path, jobs=AnswerLost())
    lost = gateway.http.post("/v1/jobs", files=FILES, headers=KEYED)
    assert (lost.status_code, lost.json()["code"]) == (503, "JOB_TABLE_FAILED")
    again = gateway.http.post("/v1/jobs", files=FILES, headers=KEYED)
    assert again.status_code == 200
    job = again.json()["id"]
    assert uploads(gateway) == [job]
    assert [path.read_bytes() for path in (gateway.parts.uploads / job).iterdir()] == [b"slice"]


def test_a_job_whose_record_was_refused_leaves_no_images(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path, audit=Refused())
    assert gateway.http.post("/v1/jobs", files=FILES).json()["code"] == "AUDIT_FAILED"
    assert uploads(gateway) == []
    assert gateway.jobs.list_jobs(Listing("")) == []


def test_a_request_that_is_refused_after_its_files_came_leaves_none(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path)
    answer = gateway.http.post("/v1/jobs", files=FILES, data={"model": "none"})
    assert answer.json()["code"] == "MODEL_NOT_FOUND"
    assert uploads(gateway) == []
