"""What lies against what was drawn: shares of its rind, the voxels within a few millimetres of it.

A kidney lies in fat, on the psoas, under liver or spleen. What a network draws into an empty bed is often part of what
moved in: its rind is then one organ all round.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from pedcontour.postprocessing.absence import Candidate
from pedcontour.postprocessing.evidence.crop import BoolArray, Crop
from pedcontour.postprocessing.evidence.tissue import FAT_HU

RIND_MM = 5.0
"""Thickness of the rind: over one slice of a planning CT, and the voxels beside it where slices are thicker."""

SOLID = ("liver", "spleen")
MUSCLE = ("iliopsoas_left", "iliopsoas_right", "autochthon_left", "autochthon_right")


@dataclass(frozen=True)
class Neighbours:
    """Shares of the rind, 0 to 1, each None where the organ fills the images and has no rind."""

    solid: float | None = None
    bowel: float | None = None
    muscle: float | None = None
    other: float | None = None
    fat: float | None = None


def neighbours(crop: Crop, other: str | None) -> Neighbours:
    """Who shares the rind; ``other`` is the organ of the other side. Liver and spleen are one kind, so that left and
    right are judged alike."""
    around = rind(crop)
    count = np.count_nonzero(around)
    if count == 0:
        return Neighbours()
    fat = (crop.labels == 0) & (crop.image > FAT_HU[0]) & (crop.image < FAT_HU[1])

    def share(where: BoolArray) -> float:
        return float(np.count_nonzero(around & where) / count)

    return Neighbours(
        solid=share(crop.where(*SOLID)),
        bowel=share(crop.where("stomach_bowel")),
        muscle=share(crop.where(*MUSCLE)),
        other=share(crop.where(other)) if other else None,
        fat=share(fat),
    )


def nearest(candidate: Candidate, *organs: str) -> tuple[str, ...]:
    """Which of these organs has its middle nearest to the candidate's; none where none was drawn."""
    apart = {
        organ: float(np.linalg.norm(candidate.others[organ].centre_mm - candidate.finding.centre_mm))
        for organ in organs
        if organ in candidate.others
    }
    return (min(apart, key=apart.__getitem__),) if apart else ()


def rind(crop: Crop) -> BoolArray:
    """The voxels outside the organ within ``RIND_MM``, or one voxel, of it."""
    reach_mm = max(RIND_MM, float(crop.spacing_mm.max()) * 1.01)
    away = distance_transform_edt(~crop.mask, sampling=tuple(crop.spacing_mm))
    return np.asarray((away > 0.0) & (away <= reach_mm))
