"""The empty bed of a removed kidney: scar, surgical clips with their streaks, a seroma, a nodule."""

import numpy as np
import numpy.typing as npt

from pedcontour.organs import Side
from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import Child
from pedcontour.phantom.kidney_shapes import CENTRES, KIDNEY_RADII, KidneyFrame, kidney_frame
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import polyline_patch, tube

CLIP_HU = 1600.0
"""A surgical clip of titanium, averaged over a voxel."""

STREAK_HU = 160.0
STREAK_REACH_MM = 9.0
"""Height of a clip's streaks at the clip, and how far (real mm) they take to fall to a third."""

STREAK_RAYS = 4
"""Bright rays around a clip, with dark ones between: few directions see it well."""


def paint_empty_bed(canvas: Canvas, child: Child, side: Side) -> None:
    """Fat with strands of scar, and what surgery left; what moved in is painted by its own builder."""
    frame = kidney_frame(canvas, child, side)
    if 0 in frame.patch.shape:
        return
    rng = child.rng(f"bed {side}")
    _paint_scar(frame, child)
    if child.spec.bed_filling == "fluid":
        _paint_seroma(frame, child)
    if child.spec.bed.nodule > 0.0:
        _paint_nodule(frame, child)
    clips = _clips(rng, side, child.spec.bed.clips)
    paint_clips(canvas, clips)
    if child.spec.bed.streaks:
        for clip in clips:
            _add_streaks(canvas, clip.mean(axis=0), float(rng.uniform(0.0, np.pi)))


def paint_clips(canvas: Canvas, clips: list[npt.NDArray[np.float64]]) -> None:
    """Metal rods (each 2 x 3, from and to), over whatever lies there; labels stay."""
    for clip in clips:
        part = polyline_patch(canvas, clip, 4.0)
        if 0 not in part.shape:
            canvas.paint(part, tube(part, clip, 0.9)[0], CLIP_HU)


def _clips(rng: np.random.Generator, side: Side, count: int) -> list[npt.NDArray[np.float64]]:
    """Clips on the stump of the renal vessels, medially in the bed."""
    x, y, z = CENTRES[side]
    starts = [np.array([x * 0.5, y - 12.0, z]) + rng.normal(0.0, (5.0, 5.0, 12.0)) for _ in range(count)]
    return [np.array([start, np.add(start, (2.0, 3.0, 0.0))]) for start in starts]


def _paint_scar(frame: KidneyFrame, child: Child) -> None:
    canvas, patch = frame.patch.canvas, frame.patch
    scar = frame.ellipsoid((-6.0, 8.0, 0.0), (20.0, 12.0, 40.0))
    strands = np.clip(1.0 - np.abs(patch.noise(16.0, 97)) * 6.0, 0.0, 1.0)
    hu = child.tissues["fat"] + 20.0 + 90.0 * strands
    canvas.paint(patch, np.where(_fat(patch), scar, np.float32(20.0)), np.asarray(hu, dtype=np.float32))


def _fat(patch: Patch) -> npt.NDArray[np.bool_]:
    """Only fat is scarred: what moved in, muscles and vessels stay as they are."""
    fat: npt.NDArray[np.bool_] = (patch.canvas.labels[patch.box] == 0) & (patch.canvas.image[patch.box] < -30.0)
    return fat


def _unlabelled(patch: Patch, shape: Array) -> Array:
    """A shape that keeps off every labelled organ."""
    return np.where(patch.canvas.labels[patch.box] == 0, shape, np.float32(20.0))


def _paint_seroma(frame: KidneyFrame, child: Child) -> None:
    """Clear fluid in a thin wall that fills most of the bed."""
    a, b, c = KIDNEY_RADII
    shape = frame.ellipsoid((2.0, 2.0, 0.0), (a * 0.8, b * 0.8, c * 0.8)) + np.float32(2.0) * frame.patch.noise(
        26.0, 87
    )
    shape = _unlabelled(frame.patch, shape)
    frame.patch.canvas.paint(frame.patch, shape - 1.2, child.tissues["lymph"])
    frame.patch.canvas.paint(frame.patch, shape, child.tissues["urine"] + 6.0)


def _paint_nodule(frame: KidneyFrame, child: Child) -> None:
    """A lump of soft tissue on the psoas, enhancing less than kidney: recurrence, or only scar."""
    radius = 0.5 * child.spec.bed.nodule * KIDNEY_RADII[2]
    shape = frame.ellipsoid((-2.0, 8.0, -6.0), (radius * 0.9, radius * 0.8, radius)) + np.float32(
        1.2
    ) * frame.patch.noise(18.0, 86)
    hu = child.tissues["adrenal"] + np.float32(6.0) * frame.patch.noise(9.0, 85)
    frame.patch.canvas.paint(frame.patch, _unlabelled(frame.patch, shape), hu)


def _add_streaks(canvas: Canvas, place: npt.NDArray[np.float64], phase: float) -> None:
    """Bright and dark rays around a clip in the plane of its slices, falling off with distance."""
    patch = polyline_patch(canvas, place[None], 4.0 * STREAK_REACH_MM)
    if 0 in patch.shape:
        return
    sx, sy, sz = canvas.pose.scale
    x, y = (patch.x - np.float32(place[0])) * np.float32(sx), (patch.y - np.float32(place[1])) * np.float32(sy)
    away = np.hypot(x, y)
    rays = np.cos(STREAK_RAYS * np.arctan2(y, x) + phase) * np.exp(-away / STREAK_REACH_MM)
    near = np.exp(-np.square((patch.z - np.float32(place[2])) * np.float32(sz / 2.5)))
    canvas.image[patch.box] += np.float32(STREAK_HU) * rays * near
