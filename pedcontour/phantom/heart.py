"""The heart on the diaphragm: muscle around four chambers, fat around it, a groove for the oesophagus behind."""

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.diaphragm import Diaphragm
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Curve, Ellipsoid, difference, intersection, union

HEART_REFERENCE_ML = 610.0
"""Volume of the heart below at factor 1 in the reference adult."""

ESOPHAGUS_X = Curve((60.0, 82.0, 110.0, 150.0, 185.0, 225.0), (28.0, 18.0, 11.0, 6.0, 4.0, 6.0))
ESOPHAGUS_Y = Curve((60.0, 82.0, 110.0, 150.0, 185.0, 225.0), (-36.0, -30.0, -22.0, -14.0, -8.0, -2.0))
"""Where the oesophagus passes behind the heart."""


def heart_body(child: Child) -> Ellipsoid:
    """The heart: its long axis points to the left, forwards and down."""
    factor = child.size.factor("heart", HEART_REFERENCE_ML)
    x, y, z = child.shift("heart", 3.0)
    tilt = float(child.rng("heart tilt").normal(0.0, 5.0))
    return Ellipsoid((21.0 + x, -66.0 + y, 128.0 + z), (64.0, 46.0, 50.0), (0.0, 24.0 + tilt, -34.0 + tilt)).scaled(
        factor
    )


def heart_shape(canvas: Canvas, child: Child) -> tuple[Patch, Array]:
    """Signed distance of the heart's own shape, with the groove for the oesophagus behind it."""
    heart = heart_body(child)
    patch = heart.patch(canvas, 24.0)
    surface = heart.distance(patch) + np.float32(1.5) * patch.noise(40.0, 41)
    gullet = np.hypot(patch.x - ESOPHAGUS_X.over(patch.z), patch.y - ESOPHAGUS_Y.over(patch.z)) - 13.0
    return patch, difference(np.asarray(surface, dtype=np.float32), np.asarray(gullet, dtype=np.float32), 6.0)


def heart_bounds(patch: Patch, diaphragm: Diaphragm) -> Array:
    """What the heart may not cross: it rests on the diaphragm."""
    return 3.0 - diaphragm.over(patch)


def paint_heart(canvas: Canvas, child: Child, diaphragm: Diaphragm) -> None:
    """Paint fat, muscle and the blood of the chambers, which shows only with contrast agent."""
    heart = heart_body(child)
    patch, surface = heart_shape(canvas, child)
    if 0 in patch.shape:
        return
    tissues = child.tissues
    above = diaphragm.over(patch)
    surface = surface - np.float32(child.growth_mm.get("heart", 0.0))
    surface = intersection(surface, heart_bounds(patch, diaphragm), 6.0)
    rim = intersection(surface - 3.0, 1.5 - above, 8.0)
    canvas.paint(patch, rim, tissues["fat"] + 25.0, 0)
    canvas.paint(patch, surface, tissues["heart_muscle"], LABELS["heart"])
    scale = heart.radii[0] / 64.0
    blood = patch.far()
    u, v, w = heart.local(patch)
    chambers = (
        (26.0, 8.0, 2.0, 27.0, 17.0, 22.0),
        (8.0, -21.0, -10.0, 34.0, 15.0, 24.0),
        (-36.0, -12.0, 2.0, 18.0, 22.0, 27.0),
        (-28.0, 20.0, 14.0, 26.0, 17.0, 22.0),
    )
    for a, b, c, ra, rb, rc in chambers:
        q = np.sqrt(((u - a * scale) / ra) ** 2 + ((v - b * scale) / rb) ** 2 + ((w - c * scale) / rc) ** 2)
        blood = union(blood, np.asarray((q / scale - 1.0) * (rb * scale), dtype=np.float32), 3.0)
    blood = np.maximum(blood, surface + 3.0)
    canvas.paint(patch, blood, tissues["blood"], edge=2.0)
