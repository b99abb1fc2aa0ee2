"""The cage of the chest: ribs with their cartilage, the sternum, the lower halves of the shoulder blades."""

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.bones import paint_bone
from pedcontour.phantom.canvas import Canvas
from pedcontour.phantom.child import Child
from pedcontour.phantom.shapes import (
    Ellipsoid,
    rods_of,
    segments,
    smooth_line,
)
from pedcontour.phantom.trunk import FRAME, SPINE_Y

RIBS = {
    # name: vertebral level, share of the way round to the front that is bone, and how far that end lies below the start
    "T3": (258.0, 0.86, 60.0), "T4": (237.0, 0.86, 70.0), "T5": (215.0, 0.86, 78.0), "T6": (192.0, 0.85, 84.0),
    "T7": (168.0, 0.83, 88.0), "T8": (143.0, 0.79, 86.0), "T9": (117.0, 0.74, 80.0), "T10": (90.0, 0.66, 74.0),
    "T11": (62.0, 0.52, 62.0), "T12": (32.0, 0.30, 44.0),
}  # fmt: skip

CARTILAGE_END_Z = {
    "T3": 212.0,
    "T4": 190.0,
    "T5": 168.0,
    "T6": 148.0,
    "T7": 132.0,
    "T8": 112.0,
    "T9": 92.0,
    "T10": 70.0,
}


def _rib_line(name: str, side: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """Points of a rib's bone and of its cartilage."""
    z0, share, drop = RIBS[name]
    start = np.array([side * 20.0, SPINE_Y.at(z0) + 24.0, z0 + 5.0])
    points = [start]
    for t in np.linspace(0.12, 1.0, 11):
        angle = 180.0 - 180.0 * share * t
        z = z0 - drop * (t**1.25)
        x, y = FRAME.edge(z, angle, inset=8.5)
        if z > 150.0:  # the upper chest is covered by the muscles of the shoulder
            narrow = float(np.interp(z, (150.0, 260.0), (1.0, 0.70)))
            x *= narrow
        points.append(np.array([side * x, y, z]))
    bone = smooth_line(np.array(points), 3)
    if name not in CARTILAGE_END_Z:
        return bone, None
    end_z = CARTILAGE_END_Z[name]
    end_x = 16.0 if z0 > 150.0 else 16.0 + (168.0 - z0) * 0.55
    _, y = FRAME.edge(end_z, 0.0, inset=8.5)
    last = bone[-1]
    middle = np.array([(last[0] + side * end_x) / 2 * 1.08, (last[1] + y) / 2 - 6.0, min(last[2], end_z) - 2.0])
    return bone, smooth_line(np.array([last, middle, [side * end_x, y + (3.0 if z0 < 150 else 0.0), end_z]]), 4)


def paint_ribs(canvas: Canvas, child: Child) -> None:
    """Paint ribs 3 to 12 with their cartilage, the sternum, and the lower halves of the shoulder blades."""
    whole = canvas.patch((-190.0, -190.0, -40.0), (190.0, 130.0, 290.0))
    if 0 in whole.shape:
        return
    bone_rods, cartilage_rods = [], []
    for name in RIBS:
        for side in (-1.0, 1.0):
            bone, gristle = _rib_line(name, side)
            bone_rods.append(rods_of(np.column_stack([bone, np.full(len(bone), 5.2)])))
            if gristle is not None:
                cartilage_rods.append(rods_of(np.column_stack([gristle, np.full(len(gristle), 5.6)])))
    cartilage, _ = segments(whole, np.vstack(cartilage_rods))
    bones, _ = segments(whole, np.vstack(bone_rods))
    canvas.paint(whole, cartilage, child.tissues["cartilage"], 0)
    canvas.paint(whole, bones, child.tissues["cortex"], 0)
    canvas.paint(whole, bones + 2.0, child.tissues["spongiosa"], edge=1.3)
    _paint_sternum(canvas, child)
    for side in (-1.0, 1.0):
        blade = Ellipsoid((side * 100.0, 66.0, 205.0), (33.0, 2.8, 54.0), (0.0, side * 8.0, side * -34.0))
        part = blade.patch(canvas)
        canvas.paint(part, blade.distance(part), child.tissues["cortex"] * 0.8, 0)


def _paint_sternum(canvas: Canvas, child: Child) -> None:
    for z, half_width, half_height in ((98.0, 7.0, 14.0), (145.0, 15.0, 36.0), (215.0, 17.0, 34.0)):
        _, y = FRAME.edge(z, 0.0, inset=9.0)
        plate = Ellipsoid((0.0, y, z), (half_width, 5.6, half_height), (-6.0, 0.0, 0.0))
        patch = plate.patch(canvas)
        if 0 not in patch.shape:
            paint_bone(canvas, child, patch, plate.distance(patch))
