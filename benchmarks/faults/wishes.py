"""What users do in mid-job: no faults, but just as able to lose or double something."""

import httpx

from benchmarks.faults.aims import STAGES, GoneOn, Harm, any_begun, working
from benchmarks.faults.ledger import Ledger
from service.jobs import State


def cancel_at(stage: str | None) -> Harm:
    """Cancel a job that is in a stage, or in any."""

    def harm(ledger: Ledger) -> GoneOn:
        job, _ = working(ledger, stage)
        after = ledger.service.table.cancel(job.id)
        if after is not None and after.state is State.RUNNING:
            ledger.may_be_cancelled.add(job.id)
        return lambda: all(other.id != job.id for other in ledger.open_jobs())

    return harm


def erase(ledger: Ledger) -> GoneOn:
    """Erase a running job."""
    job, _ = working(ledger, ledger.chance.choice(STAGES))
    if httpx.delete(f"{ledger.service.url}/v1/jobs/{job.id}", timeout=30).status_code == 204:
        ledger.erased.add(job.id)
    return any_begun(ledger)
