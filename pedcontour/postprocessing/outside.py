"""Contours in the air: an organ that a network sees beside the body is flagged, never passed on in silence."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import binary_dilation

from pedcontour.orientation import AxisChange
from pedcontour.postprocessing.body import OPENING_STEPS, Outline
from pedcontour.volume import LabelMap

OUTSIDE_SHARE = 0.05
"""An organ of which more lies outside the trunk is flagged: less can be the outline's own roughness."""


def shares_outside(labels: LabelMap, outlines: Sequence[Outline]) -> Mapping[str, float]:
    """The share (0 to 1) of each organ that lies outside the trunk, on the slices where the trunk was outlined.

    Air around the body, the couch, and arms beside it are outside. Organs that none of these slices shows are left
    out. The outline is taken wider by what its making may have taken off (``OPENING_STEPS`` samples).
    """
    voxels = AxisChange.to_canonical(labels.grid).array(labels.voxels)
    inside, every = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for outline in outlines:
        seen = voxels[outline.k, :: outline.steps[0], :: outline.steps[1]]
        trunk = binary_dilation(outline.inside, iterations=OPENING_STEPS)
        every += np.bincount(seen.ravel(), minlength=256)
        inside += np.bincount(seen[trunk], minlength=256)
    return {
        organ: float(1 - inside[number] / every[number]) for number, organ in labels.organs.items() if every[number]
    }
