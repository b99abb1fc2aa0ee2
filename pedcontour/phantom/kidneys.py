"""Kidneys with their fat, sinus, cortex and pyramids, usual or not; the adrenals; the bladder."""

import numpy as np

from pedcontour.organs import Side
from pedcontour.phantom.canvas import Canvas
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.kidney_beds import paint_clips, paint_empty_bed
from pedcontour.phantom.kidney_shapes import (
    CENTRES,
    KidneyFrame,
    bridge_shape,
    capsule_shape,
    claw_shape,
    collecting_system,
    cut_away,
    kidney_frame,
    kidney_shape,
    sign_of,
    tumour_shape,
)
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Ellipsoid, difference, intersection, polyline_patch, smooth_line, tube
from pedcontour.phantom.trunk import Trunk

CORTEX_MM = 8.5

KEPT_BY_TUMOUR = (
    "lung_left", "lung_right", "heart", "liver", "spleen",
    "iliopsoas_left", "iliopsoas_right", "autochthon_left", "autochthon_right",
)  # fmt: skip
"""Organs that a tumour lies against; only bowel gives way to it."""


def paint_kidneys(canvas: Canvas, child: Child, trunk: Trunk) -> None:
    """Paint the kidneys that the child has."""
    sides: tuple[Side, Side] = ("right", "left")
    for side in sides:
        if child.spec.absent_kidney == side:
            paint_empty_bed(canvas, child, side)
        else:
            _paint_kidney(canvas, child, trunk, side)
        _paint_adrenal(canvas, child, side)


def _paint_kidney(canvas: Canvas, child: Child, trunk: Trunk, side: Side) -> None:
    frame, spec = kidney_frame(canvas, child, side), child.spec.kidney(side)
    patch = frame.patch
    if 0 in patch.shape:
        return
    tissues = child.tissues
    whole, sinus = kidney_shape(frame, child, spec)
    whole -= np.float32(child.growth_mm.get(f"kidney_{side}", 0.0))
    if spec.condition == "pelvic":  # it may lie against the midline, never beyond it
        whole = np.maximum(whole, 2.0 - np.float32(sign_of(side)) * patch.x)
    if spec.condition == "horseshoe":
        _paint_bridge(canvas, child, side)
    bean = _carved(frame, child, side, (whole, sinus))
    kidney = intersection(bean, trunk.cavity[patch.box] + 3.0, 5.0)
    capsule = capsule_shape(frame, child)
    fat = np.maximum(capsule, trunk.cavity[patch.box] + 1.0)
    if spec.condition == "horseshoe":  # the fat must not bury the bridge
        fat = np.where(np.isin(canvas.labels[patch.box], _KIDNEYS), np.float32(20.0), fat)
    canvas.paint(patch, fat, tissues["fat"] + 4.0 * patch.noise(12.0, 94), 0)
    canvas.paint(patch, np.maximum(sinus, whole), tissues["fat"] + 25.0, 0)
    canvas.paint(patch, kidney, tissues["kidney_cortex"] + 3.0 * patch.noise(8.0, 95), LABELS[f"kidney_{side}"])
    columns = 5.0 * patch.noise(17.0, 96)
    medulla = np.maximum(kidney + np.float32(CORTEX_MM * frame.factor) + columns, -sinus + 2.0)
    canvas.paint(patch, np.asarray(medulla, dtype=np.float32), tissues["kidney_medulla"], edge=1.6)
    _paint_inside(frame, child, side, (whole, sinus))
    _paint_vessels_and_ureter(canvas, child, side, frame)


_KIDNEYS = (LABELS["kidney_right"], LABELS["kidney_left"])


def _carved(frame: KidneyFrame, child: Child, side: Side, shapes: tuple[Array, Array]) -> Array:
    """The parenchyma that a kidney's condition leaves of ``shapes``, its whole outline and its sinus."""
    whole, sinus = shapes
    spec = child.spec.kidney(side)
    if spec.condition == "hydronephrotic":
        return difference(whole, collecting_system(frame, whole, spec.degree), 2.0)
    if spec.condition == "tumour":
        tumour = tumour_shape(frame, child, side)
        return np.maximum(difference(claw_shape(whole, tumour), sinus, 3.0), -tumour)
    kidney = difference(whole, sinus, 3.0)
    return np.maximum(kidney, -cut_away(frame, child, side)) if spec.condition == "partial" else kidney


def _paint_inside(frame: KidneyFrame, child: Child, side: Side, shapes: tuple[Array, Array]) -> None:
    """Urine in the pelvis, usual or dilated; the tumour; the clips of a partial nephrectomy."""
    canvas, patch, spec = frame.patch.canvas, frame.patch, child.spec.kidney(side)
    whole, sinus = shapes
    if spec.condition == "hydronephrotic":
        canvas.paint(patch, collecting_system(frame, whole, spec.degree), child.tissues["urine"], 0)
        return
    pelvis = np.maximum(frame.ellipsoid((-17.0, 0.0, -2.0), (12.0, 4.5, 9.0)), sinus + 1.0)
    if spec.condition == "partial":
        pelvis = np.maximum(pelvis, -cut_away(frame, child, side))
    canvas.paint(patch, pelvis, child.tissues["urine"])
    if spec.condition == "tumour":
        _paint_tumour(frame, child, side)
    if spec.condition == "partial":
        rng = child.rng(f"partial clips {side}")
        starts = np.asarray(frame.place.centre) + rng.normal(0.0, 12.0 * frame.factor, (3, 3))
        paint_clips(canvas, [np.array([start, np.add(start, (2.0, 3.0, 0.0))]) for start in starts])


def _paint_tumour(frame: KidneyFrame, child: Child, side: Side) -> None:
    """A mass that enhances less than kidney, with dead and bleeding parts."""
    canvas, patch = frame.patch.canvas, frame.patch
    kept = np.isin(canvas.labels[patch.box], [LABELS[organ] for organ in KEPT_BY_TUMOUR])
    shape = np.where(kept, np.float32(20.0), tumour_shape(frame, child, side))
    dead = np.clip(patch.noise(30.0, 84) * 1.6 - 0.4, 0.0, 1.0)
    solid = child.tissues["adrenal"] + np.float32(5.0) * patch.noise(9.0, 83)
    hu = solid + dead * np.float32(child.tissues["bowel_fluid"] - child.tissues["adrenal"])
    canvas.paint(patch, shape, np.asarray(hu, dtype=np.float32), 0)


def _paint_bridge(canvas: Canvas, child: Child, side: Side) -> None:
    patch, shape = bridge_shape(canvas, child, side)
    if 0 not in patch.shape:
        hu = child.tissues["kidney_cortex"] + 3.0 * patch.noise(8.0, 95)
        canvas.paint(patch, shape, hu, LABELS[f"kidney_{side}"])


def _paint_vessels_and_ureter(canvas: Canvas, child: Child, side: Side, frame: KidneyFrame) -> None:
    """Renal vein in front of the artery, from the great vessels to the hilum; the ureter down along the psoas."""
    sign = sign_of(side)
    x, y, z = CENTRES[side]
    if child.spec.kidney(side).condition == "pelvic":
        _paint_pelvic_vessels(canvas, child, side, frame)
        return
    if child.spec.kidney(side).condition == "horseshoe":
        x, y, z = frame.place.centre
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


def _paint_pelvic_vessels(canvas: Canvas, child: Child, side: Side, frame: KidneyFrame) -> None:
    """A kidney in the pelvis takes its vessels from where the great ones divide."""
    x, y, z = frame.place.centre
    hilum = np.array([x * 0.6, y - 14.0, z + 6.0])
    for root, radius, tissue in (((10.0, -46.0, -106.0), 3.0, "artery"), ((-13.0, -42.0, -106.0), 4.0, "vein")):
        line = np.array([root, np.add(np.multiply(0.5, np.add(root, hilum)), (0.0, -4.0, 0.0)), hilum])
        patch = polyline_patch(canvas, line, 10.0)
        if 0 not in patch.shape:
            distance, _ = tube(patch, smooth_line(line, 4), radius)
            kidney = canvas.labels[patch.box] == LABELS[f"kidney_{side}"]
            canvas.paint(patch, np.where(kidney, np.float32(20.0), distance), child.tissues[tissue], 0)


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
