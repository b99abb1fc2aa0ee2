"""What a case's labels say of each organ: drawn, known not to be there, or nobody said. Facts in, facts out."""

from collections.abc import Mapping

import numpy as np

from pedcontour.datasets.annotations import State
from pedcontour.datasets.collection.labelling import Labelled
from pedcontour.datasets.collection.matching import Matched
from pedcontour.datasets.collection.records import OrganRecord
from pedcontour.datasets.collection.remarks import Remark
from pedcontour.datasets.collection.rules import Rules, Stated
from pedcontour.errors import CaseError
from pedcontour.organs import all_organs
from pedcontour.volume import LabelMap


def decide_states(
    labelled: Labelled, matched: Matched, rules: Rules, stated: Stated
) -> tuple[dict[str, OrganRecord], list[Remark]]:
    """The state of every organ, in order of the labels, and what a person should know of it.

    Raises ``CaseError`` when an organ is drawn that the site says was removed.
    """
    labels = labelled.labels
    counts = np.bincount(labels.voxels.ravel(), minlength=len(labels.organs) + 1)
    volume_ml = {organ: float(counts[label]) * labels.grid.voxel_volume_ml for label, organ in labels.organs.items()}
    drawn = {organ for organ, ml in volume_ml.items() if ml}
    if contradicted := sorted(drawn & stated.absent):
        raise CaseError(f"{contradicted[0]} is drawn, and the site file says that it was removed")
    missing = set(labels.organs.values()) - drawn
    absent = missing & (rules.absent - matched.claimed | stated.absent)
    remarks = []
    for organ in sorted(absent - stated.absent):
        twin = _twin_of(organ)
        if twin in missing:  # hardly removed, both of them, rather not drawn
            remarks.append(Remark("BOTH_MISSING", f"{organ}: not taken for removed, since {twin} is missing too"))
            absent.discard(organ)
    states = {}
    for organ in labels.organs.values():
        if organ in stated.unannotated or organ in missing - absent:
            states[organ] = OrganRecord(State.UNANNOTATED)
        elif organ in absent:
            states[organ] = OrganRecord(State.ABSENT)
        else:
            states[organ] = OrganRecord(State.ANNOTATED, round(volume_ml[organ], 3))
    return states, remarks


def _twin_of(organ: str) -> str | None:
    """The same organ of the other side."""
    own = all_organs()[organ]
    others = (other for other in all_organs().values() if other.meaning == own.meaning and other.id != organ)
    return next((other.id for other in others if own.laterality and other.laterality), None)


def erase_unreliable(labels: LabelMap, states: Mapping[str, OrganRecord]) -> None:
    """What is not to be relied on has no voxels either."""
    unreliable = [label for label, organ in labels.organs.items() if states[organ].state is not State.ANNOTATED]
    labels.voxels[np.isin(labels.voxels, unreliable)] = 0
