"""Muscles that are drawn one by one: iliopsoas, the deep muscles of the back, quadratus lumborum, the crura."""

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.pelvis import outside_of_wing
from pedcontour.phantom.shapes import Curve, Ellipsoid, polyline_patch, smooth_line, tube, union
from pedcontour.phantom.trunk import SPINE_Y

PSOAS = np.array(
    # x, y, z, radius
    [[25, 16, 2, 5], [30, 6, -23, 9], [34, 0, -41, 12], [37, -6, -62, 14], [39, -10, -85, 15.5], [43, -13, -110, 16.5],
     [50, -17, -135, 17], [60, -27, -165, 17], [70, -40, -195, 17], [79, -54, -222, 17], [86, -58, -245, 15],
      [91, -48, -270, 12],
     [93, -38, -296, 9]],
    dtype=np.float64,
)  # fmt: skip
ILIACUS = (
    np.array(
        [[98, 2, -134, 4], [104, 0, -148, 10], [104, -8, -168, 15], [96, -26, -192, 16], [87, -45, -218, 15]], float
    ),
    np.array(
        [[74, 22, -142, 4], [75, 18, -158, 10], [78, 8, -176, 14], [80, -16, -198, 15], [84, -42, -220, 14]], float
    ),
)
"""Centre lines (x, y, z, radius) on the left side; the right side is their mirror image."""

BACK_LEVELS = (-195.0, -165.0, -146.0, -128.0, -110.0, -74.0, -38.0, -2.0, 34.0, 90.0, 150.0, 270.0)
BACK_X = Curve(BACK_LEVELS, (14.0, 17.0, 21.0, 27.0, 32.0, 35.0, 37.0, 37.0, 35.0, 30.0, 27.0, 24.0))
BACK_BEHIND_SPINE = Curve(BACK_LEVELS, (34.0, 48.0, 60.0, 66.0, 65.0, 64.0, 65.0, 63.0, 58.0, 50.0, 47.0, 46.0))
BACK_WIDTH = Curve(BACK_LEVELS, (3.0, 13.0, 20.0, 27.0, 32.0, 34.0, 36.0, 36.0, 32.0, 27.0, 24.0, 21.0))
BACK_DEPTH = Curve(BACK_LEVELS, (3.0, 9.0, 14.0, 19.0, 22.0, 23.0, 23.0, 21.0, 18.0, 14.0, 13.0, 13.0))


def paint_muscles(canvas: Canvas, child: Child) -> None:
    """Paint the muscles along the spine of both sides, left and right a little unequal."""
    for side, name in ((1.0, "left"), (-1.0, "right")):
        _paint_back(canvas, child, side, LABELS[f"autochthon_{name}"])
        _paint_quadratus(canvas, child, side)
        _paint_iliopsoas(canvas, child, side, LABELS[f"iliopsoas_{name}"])


def _mirrored(line: np.ndarray, side: float, thick: float) -> np.ndarray:
    return line * (side, 1.0, 1.0, thick)


def _streaks(patch: Patch, channel: int) -> Array:
    """Fat between the bundles of a muscle: thin dark clefts."""
    return np.asarray(np.clip(1.0 - np.abs(patch.noise(34.0, channel)) * np.float32(9.0), 0.0, 1.0), dtype=np.float32)


def _paint_iliopsoas(canvas: Canvas, child: Child, side: float, label: int) -> None:
    thick = float(np.clip(child.rng(f"psoas {side}").normal(1.0, 0.06), 0.85, 1.2))
    if _bulges(child, side):
        thick *= 1.28
    low = (min(side * 8.0, side * 135.0), -85.0, -308.0)
    high = (max(side * 8.0, side * 135.0), 55.0, 12.0)
    patch = canvas.patch(low, high)
    if 0 in patch.shape:
        return
    line = smooth_line(_mirrored(PSOAS, side, thick), 3)
    shape, _ = tube(patch, line[:, :3], line[:, 3])
    beside = outside_of_wing(patch, side) + 5.0
    for part in ILIACUS:
        line = smooth_line(_mirrored(part, side, 1.0), 3)
        inner = np.maximum(tube(patch, line[:, :3], line[:, 3])[0], beside)
        shape = union(shape, inner, 5.0)
    shape += np.float32(1.2) * patch.noise(30.0, 61)
    canvas.paint(patch, shape - 2.2, child.tissues["fat"], 0)
    canvas.paint(patch, shape, child.tissues["muscle"] - 22.0 * _streaks(patch, 62), label)


def _paint_back(canvas: Canvas, child: Child, side: float, label: int) -> None:
    low = (min(0.0, side * 90.0), 0.0, -200.0)
    high = (max(0.0, side * 90.0), 115.0, 285.0)
    patch = canvas.patch(low, high)
    if 0 in patch.shape:
        return
    thick = float(np.clip(child.rng(f"back {side}").normal(1.0, 0.05), 0.88, 1.14))
    z = patch.z
    u = (patch.x * np.float32(side) - BACK_X.over(z)) / (BACK_WIDTH.over(z) * np.float32(thick))
    depth = BACK_DEPTH.over(z)
    # Flat towards the spine, falling off to the side.
    middle = SPINE_Y.over(z) + BACK_BEHIND_SPINE.over(z) - 4.0 * np.square(np.clip(u, 0.0, 1.5))
    v = (patch.y - middle) / depth
    radius = np.power(np.power(np.abs(u), 2.6) + np.power(np.abs(v), 2.6) + 1e-6, 1.0 / 2.6)
    shape = np.asarray((radius - 1.0) * depth * 1.1, dtype=np.float32)
    shape = np.maximum(shape, 2.2 - patch.x * np.float32(side))
    shape = np.maximum(shape, BACK_LEVELS[0] - z)
    shape += np.float32(1.0) * patch.noise(30.0, 63)
    canvas.paint(patch, shape - 1.6, child.tissues["fat"] + 25.0, 0)
    canvas.paint(patch, shape, child.tissues["muscle"] - 45.0 * _streaks(patch, 64), label)


def _paint_quadratus(canvas: Canvas, child: Child, side: float) -> None:
    """The square muscle beside the spine; it bulges into the bed of a removed kidney that nothing else has filled."""
    line = np.array(
        [[48.0, 40.0, 12.0, 11.0], [60.0, 34.0, -40.0, 11.0], [70.0, 30.0, -85.0, 11.0], [80.0, 38.0, -122.0, 11.0]]
    )
    if _bulges(child, side):
        line[0:3, 1] -= (6.0, 14.0, 8.0)
        line[0:3, 3] = (15.0, 22.0, 17.0)
    line = smooth_line(line * (side, 1.0, 1.0, 1.0), 3)
    patch = polyline_patch(canvas, line[:, :3], 24.0)
    if 0 not in patch.shape:
        canvas.paint(patch, tube(patch, line[:, :3], line[:, 3])[0], child.tissues["muscle"], 0)


def _bulges(child: Child, side: float) -> bool:
    """Whether muscle fills the bed of the kidney on this side."""
    return child.spec.absent_kidney == ("left" if side > 0 else "right") and child.spec.bed_filling == "muscle"


def paint_crura(canvas: Canvas, child: Child) -> None:
    """The legs of the diaphragm beside the aorta, down to L2."""
    for side, low in ((-1.0, -48.0), (1.0, -32.0)):
        line = np.array(
            [
                [side * 9.0 + 4, -18.0, low],
                [side * 13.0 + 6, -22.0, 0.0],
                [side * 16.0 + 8, -26.0, 34.0],
                [side * 22.0 + 8, -40.0, 62.0],
            ]
        )
        patch = polyline_patch(canvas, line, 10.0)
        if 0 not in patch.shape:
            canvas.paint(patch, tube(patch, smooth_line(line, 3), 4.6)[0], child.tissues["muscle"], 0)
    tendon = Ellipsoid((0.0, -40.0, 66.0), (8.0, 8.0, 4.0))
    patch = tendon.patch(canvas)
    canvas.paint(patch, tendon.distance(patch), child.tissues["muscle"], 0)
