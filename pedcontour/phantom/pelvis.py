"""Hip bones and the upper ends of the femora, with the growth cartilage of the young."""

import numpy as np

from pedcontour.phantom.bones import paint_bone
from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import (
    Curve,
    Ellipsoid,
    intersection,
    polyline_patch,
    smooth_line,
    tube,
    union,
)

WING_Z = (-262.0, -245.0, -225.0, -200.0, -175.0, -150.0, -130.0, -114.0)
WING_FRONT_X = Curve(WING_Z, (88.0, 98.0, 104.0, 114.0, 124.0, 129.0, 127.0, 116.0))
WING_FRONT_Y = Curve(WING_Z, (-36.0, -38.0, -44.0, -48.0, -44.0, -32.0, -14.0, 18.0))
WING_BACK_X = Curve(WING_Z, (80.0, 80.0, 74.0, 60.0, 47.0, 54.0, 72.0, 92.0))
WING_BACK_Y = Curve(WING_Z, (16.0, 20.0, 32.0, 52.0, 64.0, 63.0, 54.0, 42.0))
WING_THICKNESS = Curve(WING_Z, (11.0, 11.0, 8.0, 5.0, 4.6, 4.4, 4.6, 4.0))


def _wing(patch: Patch, side: float) -> Array:
    """The iliac wing: at each level a plate from a front to a back point."""
    z = patch.z
    ax, ay = WING_FRONT_X.over(z), WING_FRONT_Y.over(z)
    bx, by = WING_BACK_X.over(z) - ax, WING_BACK_Y.over(z) - ay
    x, y = patch.x * np.float32(side) - ax, patch.y - ay
    t = np.clip((x * bx + y * by) / (bx * bx + by * by), 0.0, 1.0)
    bow = np.float32(9.0) * t * (1.0 - t) * 2.0
    plate = np.hypot(x - t * bx - bow, y - t * by) - WING_THICKNESS.over(z) * (0.75 + 0.45 * np.abs(2.0 * t - 1.0))
    ends = np.maximum(z + 113.0, -264.0 - z)
    return intersection(np.asarray(plate, dtype=np.float32), np.asarray(ends, dtype=np.float32), 4.0)


def outside_of_wing(patch: Patch, side: float) -> Array:
    """How far (design mm) a point lies to the outside of the iliac wing's plane; negative on the side of the pelvis."""
    z = patch.z
    ax, ay = WING_FRONT_X.over(z), WING_FRONT_Y.over(z)
    bx, by = WING_BACK_X.over(z) - ax, WING_BACK_Y.over(z) - ay
    x, y = patch.x * np.float32(side) - ax, patch.y - ay
    outside = (x * by - y * bx) / np.hypot(bx, by)
    return np.asarray(np.where(z < -108.0, outside, np.float32(-20.0)), dtype=np.float32)


def paint_pelvis(canvas: Canvas, child: Child) -> None:
    """Paint the hip bones and the upper ends of the femora, with the growth cartilage of the young between them."""
    for side in (-1.0, 1.0):
        low = (min(side * 20.0, side * 150.0), -80.0, -330.0)
        high = (max(side * 20.0, side * 150.0), 90.0, -108.0)
        patch = canvas.patch(low, high)
        if 0 not in patch.shape:
            hip = _wing(patch, side)
            arms = np.array([[84.0, -30.0, -262.0], [56.0, -50.0, -268.0], [10.0, -56.0, -284.0]]) * (side, 1.0, 1.0)
            seat = np.array([[84.0, 14.0, -258.0], [74.0, 26.0, -285.0], [66.0, 26.0, -312.0]]) * (side, 1.0, 1.0)
            lower = np.minimum(tube(patch, smooth_line(arms, 3), 8.0)[0], tube(patch, smooth_line(seat, 3), 13.0)[0])
            hip = union(hip, lower, 6.0)
            head = Ellipsoid((side * 96.0, -8.0, -272.0), (23.5, 23.5, 23.5))
            socket = -(head.distance(patch) - 3.5)
            hip = np.maximum(hip, socket)
            if child.spec.age_years < 13.0:  # growth cartilage between ilium, ischium and pubis
                gap_mm = float(np.interp(child.spec.age_years, (0.0, 3.0, 13.0), (6.0, 3.0, 1.2)))
                canvas.paint(patch, hip, child.tissues["cartilage"], 0)
                hip = np.maximum(hip, gap_mm - np.abs(patch.z + 266.0))
            paint_bone(canvas, child, patch, hip)
        _paint_femur(canvas, child, side)


def _paint_femur(canvas: Canvas, child: Child, side: float) -> None:
    neck = np.array([[96.0, -8.0, -272.0], [122.0, -2.0, -290.0], [140.0, 6.0, -306.0], [138.0, 4.0, -335.0]]) * (
        side,
        1.0,
        1.0,
    )
    patch = polyline_patch(canvas, neck, 28.0)
    if 0 in patch.shape:
        return
    tissues = child.tissues
    shaft, _ = tube(patch, neck, (15.0, 13.0, 17.0, 15.0))
    head = Ellipsoid((side * 96.0, -8.0, -272.0), (22.0, 22.0, 22.0)).distance(patch)
    # At birth the head is cartilage; its nucleus of bone grows from about half a year on.
    age = child.spec.age_years
    nucleus = float(np.interp(age, (0.4, 3.0, 14.0), (0.0, 14.0, 22.0)))
    if age >= 14.0:
        paint_bone(canvas, child, patch, union(shaft, head, 3.0))
        return
    canvas.paint(patch, head, tissues["cartilage"], 0)
    paint_bone(canvas, child, patch, np.maximum(shaft, 1.5 - head))
    if nucleus > 1.0:
        paint_bone(canvas, child, patch, head + np.float32(22.0 - nucleus))
