"""Kidneys with their fat, sinus, cortex and pyramids; the adrenals; the empty bed of a removed kidney; the bladder."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pedcontour.organs import Side
from pedcontour.phantom.canvas import FAR_MM, Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import (
    Ellipsoid,
    difference,
    ellipsoid_distance,
    intersection,
    polyline_patch,
    smooth_line,
    tube,
)
from pedcontour.phantom.trunk import Trunk

KIDNEY_REFERENCE_ML = 166.0
"""Volume of the kidney below at factor 1 in the reference adult."""

KIDNEY_RADII = (29.0, 25.5, 55.0)

CORTEX_MM = 8.5

CLIP_HU = 1600.0
"""A surgical clip of titanium, averaged over a voxel."""

EMPTY_BED_SHRINKS_MM = 6.0

CENTRES: Mapping[Side, tuple[float, float, float]] = MappingProxyType(
    {"right": (-73.0, 0.0, -40.0), "left": (73.0, 2.0, -27.0)}
)
"""The left kidney lies half a vertebra higher; the liver presses the right one down."""


@dataclass(frozen=True, eq=False)
class KidneyFrame:
    """A kidney's own axes over a patch: ``u`` away from the hilum, ``v`` backwards, ``w`` to the upper pole, all in
    mm.
    """

    patch: Patch
    u: Array
    v: Array
    w: Array
    factor: float

    def ellipsoid(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
        """Signed distance of an ellipsoid in these axes, scaled with the kidney."""
        f = self.factor
        local = (
            self.u - np.float32(centre[0] * f),
            self.v - np.float32(centre[1] * f),
            self.w - np.float32(centre[2] * f),
        )
        return ellipsoid_distance(local, (radii[0] * f, radii[1] * f, radii[2] * f))


def kidney_frame(canvas: Canvas, child: Child, side: Side) -> KidneyFrame:
    """Place a kidney: upper pole towards the spine and backwards, hilum to the middle and forwards, bent along the
    psoas.
    """
    rng = child.rng(f"kidney {side}")
    sign = 1.0 if side == "left" else -1.0
    factor = child.size.factor("kidney", KIDNEY_REFERENCE_ML) * float(rng.normal(1.0, 0.025))
    x, y, z = np.asarray(CENTRES[side]) + rng.normal(0.0, 3.0, 3)
    x += sign * 22.0 * (factor - 1.0)
    turn = (-12.0 + rng.normal(0, 4), sign * (-15.0 + rng.normal(0, 4)), sign * (32.0 + rng.normal(0, 7)))
    axes = Ellipsoid(
        (x, y, z), (60.0 * factor, 50.0 * factor, 80.0 * factor), (float(turn[0]), float(turn[1]), float(turn[2]))
    )
    patch = axes.patch(canvas)
    u, v, w = axes.local(patch)
    bent = u * np.float32(sign) + np.square(w) * np.float32(0.0042 / factor) - np.float32(4.0 * factor)
    return KidneyFrame(patch, np.asarray(bent, dtype=np.float32), v, w, factor)


def kidney_shape(frame: KidneyFrame, child: Child) -> tuple[Array, Array]:
    """Signed distances of the whole bean and of the sinus that is cut out of it."""
    patch = frame.patch
    whole = frame.ellipsoid((0.0, 0.0, 0.0), KIDNEY_RADII)
    whole += np.float32(1.1) * patch.noise(24.0, 91)
    if child.spec.age_years < 4.0:  # the lobes of the fetal kidney still show
        whole += np.float32(0.7) * patch.noise(14.0, 92)
    sinus = frame.ellipsoid((-16.0, -2.0, 0.0), (17.0, 8.5, 24.0))
    sinus += np.float32(2.0) * patch.noise(16.0, 93)
    return whole, sinus


def capsule_shape(frame: KidneyFrame, child: Child) -> Array:
    """Signed distance of the fat around a kidney."""
    a, b, c = KIDNEY_RADII
    fat_mm = 2.5 + 2.0 * min(child.spec.fatness, 2.0)
    return frame.ellipsoid((0.0, 0.0, 0.0), (a + fat_mm, b + fat_mm * 0.9, c + fat_mm * 1.4))


def bed_kept_free(patch: Patch, child: Child, side: Side) -> Array:
    """Signed distance of the kidney with its fat, or of its empty bed, that liver and spleen keep out of.

    Where one of them has moved into the bed there is nothing to keep out of: far everywhere.
    """
    taken = child.spec.absent_kidney == side and child.spec.bed_filling in ("liver", "spleen")
    if taken:
        return patch.far()
    frame = kidney_frame(patch.canvas, child, side)
    everywhere = np.full(patch.canvas.grid.shape, FAR_MM, dtype=np.float32)
    # An empty bed has shrunk: its walls have moved in.
    shrunk_mm = EMPTY_BED_SHRINKS_MM if child.spec.absent_kidney == side else 0.0
    everywhere[frame.patch.box] = capsule_shape(frame, child) + np.float32(shrunk_mm)
    return everywhere[patch.box]


def paint_kidneys(canvas: Canvas, child: Child, trunk: Trunk) -> None:
    """Paint the kidneys that the child has."""
    sides: tuple[Side, Side] = ("right", "left")
    for side in sides:
        if child.spec.absent_kidney == side:
            _paint_empty_bed(canvas, child, side)
        else:
            _paint_kidney(canvas, child, trunk, side)
        _paint_adrenal(canvas, child, side)


def _paint_kidney(canvas: Canvas, child: Child, trunk: Trunk, side: Side) -> None:
    frame = kidney_frame(canvas, child, side)
    patch = frame.patch
    if 0 in patch.shape:
        return
    tissues = child.tissues
    whole, sinus = kidney_shape(frame, child)
    whole -= np.float32(child.growth_mm.get(f"kidney_{side}", 0.0))
    kidney = difference(whole, sinus, 3.0)
    kidney = intersection(kidney, trunk.cavity[patch.box] + 3.0, 5.0)
    capsule = capsule_shape(frame, child)
    canvas.paint(
        patch, np.maximum(capsule, trunk.cavity[patch.box] + 1.0), tissues["fat"] + 4.0 * patch.noise(12.0, 94), 0
    )
    canvas.paint(patch, np.maximum(sinus, whole), tissues["fat"] + 25.0, 0)
    canvas.paint(patch, kidney, tissues["kidney_cortex"] + 3.0 * patch.noise(8.0, 95), LABELS[f"kidney_{side}"])
    columns = 5.0 * patch.noise(17.0, 96)
    medulla = np.maximum(kidney + np.float32(CORTEX_MM * frame.factor) + columns, -sinus + 2.0)
    canvas.paint(patch, np.asarray(medulla, dtype=np.float32), tissues["kidney_medulla"], edge=1.6)
    pelvis = frame.ellipsoid((-17.0, 0.0, -2.0), (12.0, 4.5, 9.0))
    canvas.paint(patch, np.maximum(pelvis, sinus + 1.0), tissues["urine"])
    _paint_vessels_and_ureter(canvas, child, side)


def _paint_vessels_and_ureter(canvas: Canvas, child: Child, side: Side) -> None:
    """Renal vein in front of the artery, from the great vessels to the hilum; the ureter down along the psoas."""
    sign = 1.0 if side == "left" else -1.0
    x, y, z = CENTRES[side]
    hilum = np.array([x - sign * 26.0, y - 12.0, z + 4.0])
    vein = np.array(
        [[-8.0 if sign > 0 else -24.0, -46.0, z + 6.0], [sign * 24.0, -48.0 if sign > 0 else -34.0, z + 8.0], hilum]
    )
    artery = np.array([[11.0, -34.0, -18.0], [sign * 28.0, -20.0, z + 10.0], np.add(hilum, (0.0, 3.0, 2.0))])
    ureter = np.array(
        [
            np.add(hilum, (sign * 3.0, 2.0, -10.0)),
            [sign * 46.0, -22.0, -80.0],
            [sign * 44.0, -32.0, -120.0],
            [sign * 40.0, -20.0, -190.0],
            [sign * 26.0, -14.0, -228.0],
        ]
    )
    for line, radius, tissue in ((vein, 5.0, "vein"), (artery, 3.2, "artery"), (ureter, 2.0, "muscle")):
        patch = polyline_patch(canvas, line, 10.0)
        if 0 not in patch.shape:
            clear = 0 if tissue != "muscle" else None
            distance, _ = tube(patch, smooth_line(line, 4), radius)
            keep = canvas.labels[patch.box]
            kidney = LABELS[f"kidney_{side}"]
            distance = np.where(keep == kidney, np.float32(20.0), distance)
            canvas.paint(patch, distance, child.tissues[tissue], clear)


def _paint_empty_bed(canvas: Canvas, child: Child, side: Side) -> None:
    """Fat with strands of scar and a few metal clips where the kidney was; what moved in is painted by its own
    builder.
    """
    frame = kidney_frame(canvas, child, side)
    patch = frame.patch
    if 0 in patch.shape:
        return
    rng = child.rng(f"bed {side}")
    scar = frame.ellipsoid((-6.0, 8.0, 0.0), (20.0, 12.0, 40.0))
    strands = np.clip(1.0 - np.abs(patch.noise(16.0, 97)) * 6.0, 0.0, 1.0)
    # Only fat is scarred: what moved in, muscles and vessels stay as they are.
    fat = (canvas.labels[patch.box] == 0) & (canvas.image[patch.box] < -30.0)
    hu = child.tissues["fat"] + 20.0 + 90.0 * strands
    canvas.paint(patch, np.where(fat, scar, np.float32(20.0)), np.asarray(hu, dtype=np.float32))
    x, y, z = CENTRES[side]
    for _ in range(3):
        start = np.array([x * 0.5, y - 12.0, z]) + rng.normal(0.0, (5.0, 5.0, 12.0))
        clip = np.array([start, np.add(start, (2.0, 3.0, 0.0))])
        part = polyline_patch(canvas, clip, 4.0)
        if 0 not in part.shape:
            canvas.paint(part, tube(part, clip, 0.9)[0], CLIP_HU)


def _paint_adrenal(canvas: Canvas, child: Child, side: Side) -> None:
    """Two thin limbs, large at birth as a child's are."""
    sign = 1.0 if side == "left" else -1.0
    thick = float(np.interp(child.spec.age_years, (0.0, 1.0, 6.0), (4.6, 3.0, 2.4)))
    top = np.array([sign * 36.0, -24.0, 26.0 if sign < 0 else 24.0])
    limbs = (
        np.array([np.add(top, (0.0, -6.0, 0.0)), top, np.add(top, (sign * 10.0, 16.0, -14.0))]),
        np.array([top, np.add(top, (sign * 2.0, 17.0, -14.0))]),
    )
    for line in limbs:
        patch = polyline_patch(canvas, line, 8.0)
        if 0 not in patch.shape:
            canvas.paint(patch, tube(patch, line, thick)[0], child.tissues["adrenal"], 0)


def paint_bladder(canvas: Canvas, child: Child) -> None:
    """The bladder, more or less full, and the soft tissue between it and the rectum."""
    rng = child.rng("bladder")
    fill = float(rng.uniform(0.55, 1.05))
    tissue = Ellipsoid((0.0, -4.0, -260.0), (34.0, 30.0, 24.0))
    patch = tissue.patch(canvas)
    canvas.paint(patch, tissue.distance(patch), child.tissues["muscle"] - 8.0, 0, edge=2.0)
    bladder = Ellipsoid((0.0, -44.0, -264.0 + 30.0 * fill), (46.0 * fill, 38.0 * fill, 36.0 * fill))
    patch = bladder.patch(canvas)
    shape = bladder.distance(patch)
    shape += np.float32(1.5) * patch.noise(40.0, 98)
    canvas.paint(patch, shape - 2.6, child.tissues["muscle"], 0)
    canvas.paint(patch, shape, child.tissues["urine"])
