"""What all bones share: a hard shell around spongy bone."""

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import Child
from pedcontour.phantom.noise import Array

CORTEX_MM = 2.2
"""Thickness of the shell, design mm; thinner against the body after infancy."""


def paint_bone(canvas: Canvas, child: Child, patch: Patch, distance: Array, label: int = 0) -> None:
    """A hard shell around spongy bone."""
    if 0 in patch.shape:
        return
    shell = CORTEX_MM * 0.7 if child.spec.age_years > 2 else CORTEX_MM
    canvas.paint(patch, distance, child.tissues["cortex"], label)
    spongy = child.tissues["spongiosa"] + 28.0 * patch.noise(9.0, 51)
    canvas.paint(patch, distance + np.float32(shell), spongy, edge=1.4)
