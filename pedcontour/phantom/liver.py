"""Liver, gallbladder and spleen: the organs under the diaphragm."""

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.diaphragm import Diaphragm
from pedcontour.phantom.kidney_shapes import bed_kept_free
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import (
    Curve,
    Ellipsoid,
    difference,
    intersection,
    polyline_patch,
    rods_of,
    segments,
    smooth_line,
    tube,
    union,
)
from pedcontour.phantom.trunk import Trunk

LIVER_REFERENCE_ML = 1750.0
SPLEEN_REFERENCE_ML = 215.0
GALLBLADDER_REFERENCE_ML = 23.0
"""Volumes of the shapes below at factor 1 in the reference adult."""

WALL_GAP_MM = 3.0
"""Peritoneum, fat and diaphragm between the liver or spleen and the chest wall."""


def under_the_ribs(patch: Patch, trunk: Trunk, diaphragm: Diaphragm) -> Array:
    """The space inside the wall and below the diaphragm."""
    return intersection(trunk.cavity[patch.box] + WALL_GAP_MM, diaphragm.over(patch) + WALL_GAP_MM, 6.0)


def spleen_bounds(patch: Patch, trunk: Trunk, diaphragm: Diaphragm) -> Array:
    """What no spleen fills: wall, diaphragm, and the space of the stomach."""
    stomach = Ellipsoid((54.0, -44.0, 34.0), (30.0, 38.0, 40.0)).distance(patch)
    return intersection(under_the_ribs(patch, trunk, diaphragm), -stomach, 6.0)


def liver_shape(canvas: Canvas, child: Child) -> tuple[Patch, Array]:
    """Signed distance of the liver before wall and diaphragm cut it: a big right lobe, a left one thinning across the
    midline.
    """
    patch = canvas.patch((-150.0, -150.0, -150.0), (105.0, 70.0, 110.0))
    rng = child.rng("liver")
    factor = child.size.factor("liver", LIVER_REFERENCE_ML)
    dx, dy, dz = rng.normal(0.0, 3.0, 3)
    right = Ellipsoid(
        (-80.0 + dx, -32.0 + dy, 6.0 + dz), (74.0, 100.0, 102.0), (8.0, 6.0 + float(rng.normal(0, 4)), 12.0)
    )
    reach = float(rng.normal(0.0, 9.0))
    left = Ellipsoid(
        (-4.0 + reach + dx, -98.0 + dy, 40.0 + dz), (76.0, 48.0, 44.0), (0.0, -18.0 + float(rng.normal(0, 5)), 10.0)
    )
    shape = union(right.scaled(factor).distance(patch), left.scaled(factor).distance(patch), 20.0)
    shape += np.float32(2.0) * patch.noise(45.0, 71)
    # The visceral surface: it rises from the right flank to the left, over kidney, duodenum and stomach.
    under = (-84.0 - patch.z) + 0.64 * (patch.x + 110.0) + 0.10 * (patch.y + 60.0)
    under = under * np.float32(0.8) - np.float32(180.0 * (factor - 1.0)) + np.float32(7.0) * patch.noise(65.0, 74)
    return patch, intersection(shape, np.asarray(under, dtype=np.float32), 28.0)


def liver_bounds(patch: Patch, trunk: Trunk, diaphragm: Diaphragm) -> Array:
    """What no liver fills, however large: wall, diaphragm, the space of spine and stomach, the hilum, the falciform
    cleft.
    """
    # Spine, crura and stomach keep the space behind the left lobe: a round edge from the bare area to the left tip.
    radius = Curve((-60.0, 0.0, 40.0), (84.0, 74.0, 65.0)).over(patch.z)
    medial = np.hypot(patch.x - 22.0, (patch.y - 28.0) * np.float32(1.0 / 1.15)) - radius
    stomach = Ellipsoid((60.0, -46.0, 22.0), (28.0, 32.0, 34.0)).distance(patch)
    medial = np.minimum(medial, stomach)
    hilum = Ellipsoid((-30.0, -62.0, -6.0), (26.0, 13.0, 13.0), (0.0, 25.0, 20.0)).distance(patch)
    falciform = Ellipsoid((-12.0, -118.0, -4.0), (2.6, 18.0, 26.0), (18.0, 0.0, -14.0)).distance(patch)
    kept_free = union(np.asarray(medial, dtype=np.float32), union(hilum, falciform, 4.0), 8.0)
    return intersection(under_the_ribs(patch, trunk, diaphragm), -kept_free, 6.0)


def paint_liver(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    """Paint the liver with its vessels; after a nephrectomy on the right it may sink into the bed."""
    patch, shape = liver_shape(canvas, child)
    if 0 in patch.shape:
        return
    shape -= np.float32(child.growth_mm.get("liver", 0.0))
    if child.spec.absent_kidney == "right" and child.spec.bed_filling == "liver":
        bed = Ellipsoid((-74.0, -4.0, -34.0), (34.0, 32.0, 46.0))
        shape = union(shape, bed.distance(patch), 14.0)
    shape = intersection(shape, liver_bounds(patch, trunk, diaphragm), 7.0)
    shape = np.maximum(shape, 1.0 - bed_kept_free(patch, child, "right"))
    canvas.paint(patch, shape - 1.6, child.tissues["fat"], 0)
    canvas.paint(
        patch, shape, child.tissues["liver"] + 2.5 * patch.noise(18.0, 72) + 2.0 * patch.noise(7.0, 73), LABELS["liver"]
    )
    _paint_liver_vessels(canvas, child, patch, shape)


def _paint_liver_vessels(canvas: Canvas, child: Child, patch: Patch, liver: Array) -> None:
    """Portal branches fan out from the hilum, hepatic veins run together at the caval vein."""
    rng = child.rng("liver vessels")
    portal = np.array([-30.0, -62.0, 2.0])
    cava = np.array([-24.0, -38.0, 76.0])
    tips = {
        "portal": ((-88, -20, 18), (-95, -66, 2), (-84, -40, -30), (-100, -30, 42), (12, -96, 36), (-10, -104, 14)),
        "hepatic": ((-112, -26, 26), (-72, -90, 28), (-40, -104, 34), (20, -98, 46), (-92, 10, 40)),
    }
    rods = []
    for name, root in (("portal", portal), ("hepatic", cava)):
        for tip in tips[name]:
            end = np.asarray(tip, dtype=np.float64) + rng.normal(0.0, 6.0, 3)
            middle = (root + end) / 2.0 + rng.normal(0.0, 6.0, 3)
            line = smooth_line(np.array([[*root, 5.4], [*middle, 4.0], [*end, 2.0]]), 5)
            rods.append(rods_of(line))
            for _ in range(3):
                fork = line[rng.integers(3, len(line) - 1)]
                twig = fork[:3] + rng.normal(0.0, 20.0, 3)
                rods.append(rods_of(np.array([[*fork[:3], 2.6], [*twig, 1.2]])))
    vessels, _ = segments(patch, np.vstack(rods))
    hu = child.tissues["liver_vessel"]
    canvas.paint(patch, np.maximum(vessels, liver + 2.0), hu, edge=1.5)


def paint_gallbladder(canvas: Canvas, child: Child) -> None:
    """A pear under the right lobe, its fundus forwards and down."""
    rng = child.rng("gallbladder")
    factor = child.size.factor("gallbladder", GALLBLADDER_REFERENCE_ML)
    start = np.array([-62.0, -88.0, -28.0]) + rng.normal(0.0, 3.0, 3)
    line = start + np.array([[16.0, 24.0, 20.0], [8.0, 11.0, 9.0], [0.0, 0.0, 0.0], [-5.0, -9.0, -10.0]]) * factor
    patch = polyline_patch(canvas, line, 20.0 * factor)
    if 0 in patch.shape:
        return
    shape, _ = tube(
        patch,
        smooth_line(line, 4),
        np.interp(np.linspace(0, 1, 13), (0, 0.35, 0.75, 1.0), (3.5, 9.0, 14.0, 13.5)) * factor,
    )
    canvas.paint(patch, shape, child.tissues["bowel_wall"] - 20.0, LABELS["gallbladder"])
    canvas.paint(patch, shape + 1.4, child.tissues["bile"])


def spleen_shape(canvas: Canvas, child: Child) -> tuple[Patch, Array]:
    """Signed distance of the spleen before wall and diaphragm cut it: a crescent, hollow towards stomach and kidney."""
    rng = child.rng("spleen")
    factor = child.size.factor("spleen", SPLEEN_REFERENCE_ML)
    centre = np.array([104.0, 10.0, 18.0]) + rng.normal(0.0, 3.0, 3)
    body = Ellipsoid(
        (centre[0], centre[1], centre[2]), (35.0, 54.0, 54.0), (-20.0, float(rng.normal(0, 6)), -24.0)
    ).scaled(factor)
    hollow = Ellipsoid(
        (centre[0] - 46.0 * factor, centre[1] - 12.0 * factor, centre[2] - 6.0), (30.0, 44.0, 52.0)
    ).scaled(factor)
    patch = canvas.patch((25.0, -85.0, -120.0), (160.0, 90.0, 110.0))
    shape = difference(body.distance(patch), hollow.distance(patch), 9.0)
    return patch, np.asarray(shape + np.float32(1.6) * patch.noise(30.0, 81), dtype=np.float32)


def paint_spleen(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    """Paint the spleen along the ribs at the back of the left side; after a nephrectomy there it may sink into the
    bed.
    """
    patch, shape = spleen_shape(canvas, child)
    if 0 in patch.shape:
        return
    shape -= np.float32(child.growth_mm.get("spleen", 0.0))
    if child.spec.absent_kidney == "left" and child.spec.bed_filling == "spleen":
        bed = Ellipsoid((78.0, 8.0, -26.0), (28.0, 28.0, 44.0))
        shape = union(shape, bed.distance(patch), 16.0)
    shape = intersection(shape, spleen_bounds(patch, trunk, diaphragm), 7.0)
    shape = np.maximum(shape, 1.0 - bed_kept_free(patch, child, "left"))
    canvas.paint(patch, shape - 1.6, child.tissues["fat"], 0)
    mottle = 3.0 if child.spec.contrast else 1.5
    canvas.paint(patch, shape, child.tissues["spleen"] + np.float32(mottle) * patch.noise(10.0, 82), LABELS["spleen"])
