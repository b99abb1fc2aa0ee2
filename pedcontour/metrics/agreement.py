"""The figures of one organ, and of every organ of a case."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pedcontour.metrics.overlap import Mask, dice
from pedcontour.metrics.surface import surface_distances
from pedcontour.volume import Grid, LabelMap, box_around


class Case(StrEnum):
    """Which of the two masks hold the organ: it decides which figures exist."""

    BOTH = "both"
    MISSED = "missed"
    FALSE_POSITIVE = "false_positive"
    NEITHER = "neither"


@dataclass(frozen=True)
class Agreement:
    """How well one organ of a prediction agrees with the reference.

    ``dsc`` is None unless the reference holds the organ, and 0.0 when it was missed; ``hd95_mm`` and ``msd_mm`` are
    None unless both masks hold it. Volumes in millilitres.
    """

    organ: str
    case: Case
    reference_ml: float
    prediction_ml: float
    dsc: float | None
    hd95_mm: float | None
    msd_mm: float | None

    @property
    def volume_difference_ml(self) -> float:
        """Prediction less reference, in mL: positive when too much was drawn."""
        return self.prediction_ml - self.reference_ml

    @property
    def volume_difference_share(self) -> float | None:
        """The volume difference as a share of the reference; None for an empty reference."""
        return self.volume_difference_ml / self.reference_ml if self.reference_ml > 0 else None

    @property
    def false_positive_ml(self) -> float:
        """What was drawn of an organ that the reference does not hold, in mL; 0 when the reference holds it."""
        return self.prediction_ml if self.case is Case.FALSE_POSITIVE else 0.0


def compare_masks(organ: str, reference: Mask, prediction: Mask, grid: Grid) -> Agreement:
    """Every figure of one organ; both masks ``(k, j, i)`` on ``grid``, or both cropped alike from it."""
    case = _case(bool(reference.any()), bool(prediction.any()))
    distances = surface_distances(reference, prediction, grid) if case is Case.BOTH else None
    return Agreement(
        organ=organ,
        case=case,
        reference_ml=float(np.count_nonzero(reference)) * grid.voxel_volume_ml,
        prediction_ml=float(np.count_nonzero(prediction)) * grid.voxel_volume_ml,
        dsc=dice(reference, prediction) if case in (Case.BOTH, Case.MISSED) else None,
        hd95_mm=distances.hd95_mm if distances else None,
        msd_mm=distances.msd_mm if distances else None,
    )


def compare(reference: LabelMap, prediction: LabelMap) -> tuple[Agreement, ...]:
    """The figures of every organ that both label maps know, in the reference's label order.

    The two maps may number their organs differently; they must lie on the same grid, or ``ValueError`` is raised:
    figures on a resampled grid are not the study's.
    """
    if not reference.grid.same_place(prediction.grid):
        raise ValueError("reference and prediction lie on different grids")
    known = set(prediction.organs.values())
    found = []
    for label, organ in sorted(reference.organs.items()):
        if organ not in known:
            continue
        other = prediction.label_of(organ)
        boxes = (reference.boxes.get(label), prediction.boxes.get(other))
        box = box_around(box for box in boxes if box is not None)  # figures need no more of the grid
        masks = reference.voxels[box] == label, prediction.voxels[box] == other
        found.append(compare_masks(organ, *masks, reference.grid))
    return tuple(found)


def _case(in_reference: bool, in_prediction: bool) -> Case:
    if in_reference:
        return Case.BOTH if in_prediction else Case.MISSED
    return Case.FALSE_POSITIVE if in_prediction else Case.NEITHER
