"""Where the patient is in the field of view, coarsely: tiles of nothing but air need no network.

The region is larger than the patient on purpose. Whatever tissue encloses (lungs, bowel gas) is inside.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter, minimum_filter

TISSUE_HU = -300.0
"""Between air (-1000) and fat (-100)."""

SAMPLE_MM = 3.0
"""The image is looked at about every 3 mm."""

OPENED_VOXELS = 3
"""What is thinner than three samples, about 9 mm, is no part of the patient: couch tops, lines, noise."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BodyRegion:
    """``inside`` of the sampled image; ``shape`` is that of the image, whose axes it has."""

    inside: Mask
    shape: tuple[int, ...]

    def bounds(self, axis: int) -> tuple[float, float] | None:
        """First and last of the region along an axis, as shares 0 to 1 of the image's extent; None without a body."""
        others = tuple(n for n in range(3) if n != axis)
        (found,) = np.nonzero(self.inside.any(axis=others))
        if not found.size:
            return None
        return float(found[0]) / self.inside.shape[axis], float(found[-1] + 1) / self.inside.shape[axis]

    def touches(self, box: tuple[tuple[float, float], ...]) -> bool:
        """Whether a box, given by shares of the extent along each axis, holds any of the region."""
        part = tuple(
            slice(max(0, int(start * n)), max(1, int(np.ceil(stop * n))))
            for (start, stop), n in zip(box, self.inside.shape, strict=True)
        )
        return bool(self.inside[part].any())


def find_body(image: npt.NDArray[np.number], spacing_mm: tuple[float, ...]) -> BodyRegion:
    """The region of the patient in a CT in Hounsfield units, in any orientation of its axes."""
    steps = [max(1, round(SAMPLE_MM / spacing)) for spacing in spacing_mm]
    sampled = image[
        tuple(slice(step // 2 if step < n else 0, None, step) for step, n in zip(steps, image.shape, strict=True))
    ]
    size = [OPENED_VOXELS if spacing < SAMPLE_MM * 1.5 else 1 for spacing in spacing_mm]
    # At the border of the field of view the image goes on as it ends: a body that is cut there is no thin thing.
    eroded = minimum_filter((sampled > TISSUE_HU).view(np.uint8), size, mode="nearest")
    tissue = maximum_filter(eroded, size, mode="nearest").astype(bool)
    return BodyRegion(_with_enclosed(tissue), image.shape)


def _with_enclosed(tissue: Mask) -> Mask:
    """With what has tissue on both sides along at least two axes: lungs are open at the end of a stack."""
    votes = np.zeros(tissue.shape, np.uint8)
    for axis in range(3):
        before = np.logical_or.accumulate(tissue, axis=axis)
        after = np.flip(np.logical_or.accumulate(np.flip(tissue, axis), axis=axis), axis)
        votes += before & after
    return tissue | (votes >= 2)
