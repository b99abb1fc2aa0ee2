"""The candidate's own voxels: a small box of the images around what was drawn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pedcontour.orientation import AxisChange
from pedcontour.postprocessing.absence import Candidate
from pedcontour.volume import FloatArray

MARGIN_MM = 8.0
"""Kept around the organ: enough for its neighbours' rind."""

AIR_HU = -1000.0
KNOWN_HU = (-1024.0, 3071.0)
"""What CT stores in twelve bits: padding and metal beyond it say no more than its ends."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Crop:
    """``mask`` (where the organ is), ``labels`` and ``image`` (HU, float32) of one box, axes ``(k, j, i)``.

    ``axes_mm`` is 3 x 3, its columns the steps from one voxel to the next in LPS mm; ``organs`` maps ids to labels.
    """

    mask: BoolArray
    labels: npt.NDArray[np.uint8]
    image: npt.NDArray[np.float32]
    axes_mm: FloatArray
    organs: dict[str, int]

    @property
    def spacing_mm(self) -> FloatArray:
        """Distance between neighbours along each axis."""
        spacing: FloatArray = np.linalg.norm(self.axes_mm, axis=0)
        return spacing

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return float(abs(np.linalg.det(self.axes_mm)))

    def where(self, *organs: str) -> BoolArray:
        """Where any of these organs is; nowhere for those that the map cannot hold."""
        return np.isin(self.labels, [self.organs[organ] for organ in organs if organ in self.organs])


def crop_to(candidate: Candidate) -> Crop | None:
    """The box around the candidate, in canonical axes; None where it has no voxel."""
    labels = candidate.labels
    organs = {name: label for label, name in labels.organs.items()}
    number = organs.get(candidate.finding.organ)
    if number not in labels.boxes:
        return None
    box = tuple(
        slice(max(0, part.start - margin), part.stop + margin)
        for part, margin in zip(
            labels.boxes[number], np.ceil(MARGIN_MM / np.array(labels.grid.spacing_mm)).astype(int), strict=True
        )
    )
    change = AxisChange.to_canonical(labels.grid)
    voxels = change.array(labels.voxels[box])
    hounsfield = change.array(candidate.image.voxels[box]).astype(np.float32)
    image = np.clip(np.nan_to_num(hounsfield, nan=AIR_HU), *KNOWN_HU)
    return Crop(voxels == number, voxels, image, change.grid(labels.grid).affine[:3, :3], organs)
