"""What a sender declared of a patient's organs, as the log may tell it: how many, and whether the images agree."""

import logging

from service.jobs import Ending, Job

log = logging.getLogger(__name__)

CONTRADICTION = "DECLARED_ABSENT_BUT_SEEN"
"""Code of the verdicts' warning about an organ that was declared absent and yet drawn."""


def log_declared(job: Job, ending: Ending) -> None:
    """Log that declarations won over what the network and the rules say: counts only, as a removed kidney is a fact
    about a patient."""
    absent, present = len(job.options.absent), len(job.options.present)
    if not absent and not present:
        return
    log.info("job %s: %d organs declared absent, %d declared present", job.id, absent, present)
    contradicted = sum(warning.startswith(f"{CONTRADICTION}:") for warning in ending.warnings)
    if contradicted:
        log.warning("job %s: %d organs declared absent were drawn", job.id, contradicted, extra={"code": CONTRADICTION})
