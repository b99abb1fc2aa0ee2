"""The spine: vertebrae with discs and arches, the sacrum, and the cord in its canal."""

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.bones import paint_bone
from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import (
    Curve,
    Ellipsoid,
    intersection,
    polyline_patch,
    tube,
    union,
)
from pedcontour.phantom.trunk import SPINE_Y

VERTEBRA_Z = {
    "L5": -141.0, "L4": -107.0, "L3": -71.0, "L2": -35.0, "L1": 0.0, "T12": 32.0, "T11": 62.0, "T10": 90.0, "T9": 117.0,
    "T8": 143.0, "T7": 168.0, "T6": 192.0, "T5": 215.0, "T4": 237.0, "T3": 258.0,
}  # fmt: skip
"""Level of each vertebral body's middle, design z."""

CANAL_BEHIND_MM = 31.0
"""How far the middle of the spinal canal lies behind that of the vertebral bodies."""

CORD_END_MM = -150.0
"""The label of the cord goes on along the nerve roots of the cauda equina to L5, as public data sets draw it."""


def _spine_tilt(z: float) -> float:
    """Slope of the spine, dy/dz, at a level."""
    return (SPINE_Y.at(z + 12.0) - SPINE_Y.at(z - 12.0)) / 24.0


def paint_spine(canvas: Canvas, child: Child) -> None:
    """Paint discs, vertebrae T3 to L5, sacrum, and the cord in its canal."""
    for name, z in VERTEBRA_Z.items():
        _paint_vertebra(canvas, child, name, z)
    _paint_sacrum(canvas, child)
    _paint_canal(canvas, child)


def _paint_vertebra(canvas: Canvas, child: Child, name: str, z: float) -> None:
    lumbar = name.startswith("L")
    y = SPINE_Y.at(z)
    size = float(np.interp(z, (-141.0, 0.0, 90.0, 258.0), (1.06, 0.97, 0.84, 0.62)))
    pitch = float(np.interp(z, (-141.0, 0.0, 90.0, 258.0), (35.5, 33.5, 27.5, 21.0)))
    patch = canvas.patch((-62.0, y - 26.0, z - pitch * 1.35), (62.0, y + 80.0, z + pitch * 0.8))
    if 0 in patch.shape:
        return
    tilt = _spine_tilt(z)
    # The vertebra's own axes: w along the spine, v backwards, u to the left.
    norm = float(np.hypot(1.0, tilt))
    dy, dz = patch.y - np.float32(y), patch.z - np.float32(z)
    w = (dz + dy * np.float32(tilt)) * np.float32(1.0 / norm)
    v = (dy - dz * np.float32(tilt)) * np.float32(1.0 / norm)
    body, disc = _body_and_disc(patch, (v, w), size, pitch)
    canvas.paint(patch, disc, child.tissues["disc"])
    arch = _arch(patch, (v, w), size, pitch, lumbar)
    paint_bone(canvas, child, patch, union(body, arch, 2.5), LABELS["vertebrae"])


def _body_and_disc(patch: Patch, local: tuple[Array, Array], size: float, pitch: float) -> tuple[Array, Array]:
    """The vertebral body, waisted, and the cylinder through it that shows as disc above and below."""
    v, w = local
    half = pitch * 0.5 - 3.6
    waist = 1.0 - 0.07 * (1.0 - np.square(np.clip(w / half, -1.0, 1.0)))
    u = patch.x * np.float32(1.0 / (24.0 * size))
    # The back of the body is flat to hollow: the front half is the rounder one.
    vv = np.where(v < 0.0, v * np.float32(1.0 / (18.5 * size)), v * np.float32(1.0 / (15.0 * size)))
    radius = np.power(np.power(np.abs(u), 2.3) + np.power(np.abs(vv), 2.3) + 1e-6, 1.0 / 2.3)
    side = np.asarray((radius - waist) * np.float32(18.0 * size), dtype=np.float32)
    ends = np.abs(w) - np.float32(half) - np.float32(1.2) * np.square(np.clip(radius, 0.0, 1.0))
    disc = intersection(side + 1.0, np.abs(w) - np.float32(pitch * 0.52), 2.0)
    return intersection(side, np.asarray(ends, dtype=np.float32), 3.0), disc


def _arch(patch: Patch, local: tuple[Array, Array], size: float, pitch: float, lumbar: bool) -> Array:
    """Pedicles, laminae, joints, spinous and transverse processes, mirrored about the mid-plane."""
    v, w = local
    u = np.abs(patch.x)
    s = size / 0.97
    canal = CANAL_BEHIND_MM
    parts = [
        # from (u, v, w), to (u, v, w), radii
        ((14 * s, 11, 4), (16 * s, canal - 4, 4), (5.0 * s, 5.2 * s)),  # pedicle
        ((16 * s, canal - 3, 2), (5, canal + 15 * s, -5), (5.0 * s, 4.2 * s)),  # lamina
        ((17 * s, canal - 2, 13 * s), (19 * s, canal + 6, -15 * s), (4.6 * s, 5.6 * s)),  # articular column
    ]
    if lumbar:
        parts.append(((17 * s, canal - 6, 3), (44 * s, canal + 4, 4), (4.8 * s, 2.6 * s)))
        parts.append(((0, canal + 14 * s, -5), (0, canal + 40 * s, -11), (3.4 * s, 4.6 * s)))
        parts.append(((0, canal + 20 * s, 1), (0, canal + 36 * s, -2), (3.0 * s, 3.6 * s)))
    else:
        parts.append(((17 * s, canal - 4, 5), (36 * s, canal + 14, 6), (4.8 * s, 4.4 * s)))
        parts.append(((0, canal + 13 * s, -5), (0, canal + 36 * s, -pitch * 0.85), (3.4 * s, 3.8 * s)))
    result = patch.far()
    for start, end, radii in parts:
        result = union(result, _capsule((u, v, w), np.asarray(start, float), np.asarray(end, float), radii), 2.0)
    hole = np.hypot(u * np.float32(0.88), v - np.float32(canal)) - np.float32(10.2 * max(s, 0.86))
    return np.asarray(np.maximum(result, -hole), dtype=np.float32)


def _capsule(
    axes: tuple[Array, Array, Array],
    start: npt.NDArray[np.float64],
    end: npt.NDArray[np.float64],
    radii: tuple[float, float],
) -> Array:
    """A capsule between two points in any orthogonal axes."""
    step = (end - start).astype(np.float32)
    a = start.astype(np.float32)
    x, y, z = axes[0] - a[0], axes[1] - a[1], axes[2] - a[2]
    t = np.clip((x * step[0] + y * step[1] + z * step[2]) * np.float32(1.0 / float(step @ step)), 0.0, 1.0)
    d = np.sqrt(np.square(x - t * step[0]) + np.square(y - t * step[1]) + np.square(z - t * step[2]))
    return np.asarray(d - (np.float32(radii[0]) + t * np.float32(radii[1] - radii[0])), dtype=np.float32)


SACRUM_Z = (-268.0, -240.0, -215.0, -190.0, -172.0, -158.0)
SACRUM_HALF_WIDTH = Curve(SACRUM_Z, (10.0, 20.0, 36.0, 50.0, 56.0, 48.0))
SACRUM_DEPTH = Curve(SACRUM_Z, (5.0, 7.0, 10.0, 15.0, 18.0, 14.0))


def _paint_sacrum(canvas: Canvas, child: Child) -> None:
    patch = canvas.patch((-66.0, -12.0, -276.0), (66.0, 92.0, -150.0))
    if 0 in patch.shape:
        return
    v = patch.y - SPINE_Y.over(patch.z) - np.square(patch.x * np.float32(0.055))
    half, depth = SACRUM_HALF_WIDTH.over(patch.z), SACRUM_DEPTH.over(patch.z)
    radius = np.sqrt(np.square(patch.x / half) + np.square(v / depth))
    section = (radius - 1.0) * depth
    ends = np.maximum(-274.0 - patch.z, patch.z + 157.0 + 0.3 * (patch.y - 10.0))
    bone = intersection(np.asarray(section, dtype=np.float32), np.asarray(ends, dtype=np.float32), 5.0)
    crest = np.hypot(patch.x, (v - depth - 4.0) * np.float32(0.55)) - 5.0
    bone = union(bone, np.maximum(crest, ends), 4.0)
    paint_bone(canvas, child, patch, bone)
    # Foramina: fat around the sacral nerves.
    for z in (-180.0, -200.0, -219.0):
        for side in (-1.0, 1.0):
            hole = Ellipsoid(
                (side * float(np.interp(z, (-219.0, -180.0), (16.0, 24.0))), SPINE_Y.at(z) - 3.0, z), (5.0, 11.0, 4.5)
            )
            part = hole.patch(canvas)
            canvas.paint(part, hole.distance(part), child.tissues["fat"] + 30.0)


def _paint_canal(canvas: Canvas, child: Child) -> None:
    levels = np.arange(-185.0, 279.0, 12.0)
    y = np.array(
        [
            SPINE_Y.at(z) + CANAL_BEHIND_MM * float(np.interp(z, (-190, -150, 60, 260), (0.72, 1.0, 1.0, 0.86)))
            for z in levels
        ]
    )
    line = np.column_stack([np.zeros_like(levels), y, levels])
    patch = polyline_patch(canvas, line, 16.0)
    if 0 in patch.shape:
        return
    canal, _ = tube(patch, line, np.interp(levels, (-185.0, -150.0, 0.0, 260.0), (6.5, 9.0, 9.6, 8.6)))
    canvas.paint(patch, canal, child.tissues["fat"] + 60.0, 0)
    sac, _ = tube(patch, line, np.interp(levels, (-185.0, -150.0, 0.0, 260.0), (4.0, 7.6, 8.4, 7.6)))
    canvas.paint(patch, sac, child.tissues["csf"])
    keep = (levels >= CORD_END_MM) & (levels <= 279.0)
    # Above L2 the cord proper, below the looser roots of the cauda equina.
    cord, _ = tube(
        patch, line[keep], np.interp(levels[keep], (-150.0, -110.0, -30.0, 20.0, 260.0), (4.0, 5.2, 5.6, 6.2, 5.6))
    )
    looser = np.clip((-20.0 - patch.z) * np.float32(1.0 / 30.0), 0.0, 1.0) * np.float32(15.0)
    canvas.paint(patch, cord, child.tissues["cord"] - looser, LABELS["spinal_cord"])
