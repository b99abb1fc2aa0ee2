"""The diaphragm: the floor of the lungs and the ceiling of liver, stomach and spleen."""

from dataclasses import dataclass

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Curve
from pedcontour.phantom.trunk import TOP_MM, Trunk

LUNG_BASE_MM = -25.0
"""No lung lies lower, design z."""


@dataclass(frozen=True, eq=False)
class Diaphragm:
    """Two domes and the tendon between them: ``above`` is the signed height over it, on ``patch``."""

    patch: Patch
    above: Array

    def over(self, patch: Patch) -> Array:
        """The height on a smaller patch; far below the dome where the chest patch does not reach."""
        result = np.full(patch.shape, -80.0, dtype=np.float32)
        inner, outer = [], []
        for mine, theirs in zip(patch.box, self.patch.box, strict=True):
            start, stop = max(mine.start, theirs.start), min(mine.stop, theirs.stop)
            if start >= stop:
                return result
            inner.append(slice(start - mine.start, stop - mine.start))
            outer.append(slice(start - theirs.start, stop - theirs.start))
        result[tuple(inner)] = self.above[tuple(outer)]
        return result


def build_diaphragm(canvas: Canvas, child: Child, trunk: Trunk) -> Diaphragm:
    """Set the domes: the right one higher, both falling steeply to the ribs at the sides and at the back."""
    rng = child.rng("diaphragm")
    patch = canvas.patch((-190.0, -190.0, LUNG_BASE_MM - 10.0), (190.0, 130.0, TOP_MM + 20.0))
    breath = float(rng.normal(0.0, 6.0))
    tops = (92.0 + breath + float(rng.normal(0, 3)), 78.0 + breath + float(rng.normal(0, 3)))
    level = Curve(
        (-150.0, -75.0, -5.0, 70.0, 150.0), (tops[0] - 4.0, tops[0], min(tops) - 2.0, tops[1], tops[1] - 4.0)
    ).over(patch.x)
    # It falls along the wall, least in front: how steeply, and how deep the recess is there.
    inwards = np.clip(-trunk.cavity[patch.box], 0.0, 90.0)
    front = np.clip((patch.y + 30.0) * np.float32(-1.0 / 90.0), 0.0, 1.0)
    recess = (66.0 - 50.0 * front) * np.exp(inwards * np.float32(-1.0 / 24.0))
    middle = np.square((np.abs(patch.x) - 68.0) * np.float32(1.0 / 90.0)) + np.square(
        (patch.y + 30.0) * np.float32(1.0 / 110.0)
    )
    surface = level - recess - 24.0 * middle
    surface += 2.0 * patch.noise(60.0, 21)
    above = (patch.z - surface) * np.float32(0.75)
    return Diaphragm(patch, np.asarray(above, dtype=np.float32))
