"""From a finished run to a model that is used without the federation."""

from pathlib import Path

from pedcontour.errors import FederationError, ModelsDifferError, RequestError
from pedcontour.federation.ear import Ear
from pedcontour.federation.global_model import GlobalModel
from pedcontour.federation.overview import Overview
from pedcontour.federation.participant import FINAL_MODEL
from pedcontour.federation.trainer import RunRecord, Trainer
from pedcontour.federation.weights import digest_of, unpack


def export(ear: Ear, trainer: Trainer, out: Path) -> RunRecord:
    """Write the last global model into a new folder, by the trainer, with the record of how it came to be.

    Raises ``RequestError`` where ``out`` is there already, ``FederationError`` while the run is not done,
    ``ModelsDifferError`` when this site's model is not the one agreed on.
    """
    if out.exists():
        raise RequestError(f"{out.name} is there already")
    overview = Overview(ear)
    if not overview.standing.is_done or overview.standing.model is None:
        raise FederationError("the run is not done; `federation status` tells whom it waits for")
    closes = overview.closes()
    models = GlobalModel(ear, trainer)
    kept = ear.memory.recall(FINAL_MODEL)
    model = models.after(len(closes)) if kept is None else unpack(ear.site, kept)
    if digest_of(model) != overview.standing.model:
        raise ModelsDifferError("this site's last model is not the one that was agreed on")
    record = RunRecord(
        charter_digest=ear.beliefs.charter_digest,
        charter=ear.beliefs.charter,
        closes=tuple(closed.close_digest for closed in closes),
        members=tuple(tuple(closed.members) for closed in closes),
        cases=overview.standing.cases,
        model=overview.standing.model,
    )
    trainer.export(models.fingerprints(), model, record, out)
    return record
