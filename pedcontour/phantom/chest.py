"""The chest: diaphragm, lungs with their vessels, mediastinum and heart."""

from dataclasses import dataclass

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Curve, Ellipsoid, difference, intersection, smooth_line, tube, union
from pedcontour.phantom.trunk import SPINE_Y, TOP_MM, Trunk

HEART_REFERENCE_ML = 610.0
"""Volume of the heart below at factor 1 in the reference adult."""

LUNG_BASE_MM = -25.0
"""No lung lies lower, design z."""


ESOPHAGUS_X = Curve((60.0, 82.0, 110.0, 150.0, 185.0, 225.0), (28.0, 18.0, 11.0, 6.0, 4.0, 6.0))
ESOPHAGUS_Y = Curve((60.0, 82.0, 110.0, 150.0, 185.0, 225.0), (-36.0, -30.0, -22.0, -14.0, -8.0, -2.0))
"""Where the oesophagus passes behind the heart."""


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
    recess = (78.0 - 56.0 * front) * np.exp(inwards * np.float32(-1.0 / 24.0))
    middle = np.square((np.abs(patch.x) - 68.0) * np.float32(1.0 / 90.0)) + np.square(
        (patch.y + 30.0) * np.float32(1.0 / 110.0)
    )
    surface = level - recess - 10.0 * middle
    surface += 2.0 * patch.noise(60.0, 21)
    above = (patch.z - surface) * np.float32(0.75)
    return Diaphragm(patch, np.asarray(above, dtype=np.float32))


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


def paint_chest(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    """Paint mediastinum, lungs and heart."""
    patch = diaphragm.patch
    if 0 in patch.shape:
        return
    cavity = trunk.cavity[patch.box]
    heart = heart_body(child)
    middle = _mediastinum(patch, heart)
    lung = intersection(cavity + 1.0, 1.5 - diaphragm.above, 6.0)
    lung = difference(lung, middle, 7.0)
    _paint_lungs(canvas, child, patch, lung)
    _paint_heart(canvas, child, heart, diaphragm)


def _mediastinum(patch: Patch, heart: Ellipsoid) -> Array:
    """What separates the lungs: spine and aorta behind, the heart with its fat, the great vessels above it."""
    spine = SPINE_Y.over(patch.z)
    back = np.hypot(patch.x - 3.0, np.minimum(patch.y - spine, 0.0) * np.float32(0.9)) - 27.0
    great_vessels = np.hypot((patch.x - 2.0) * np.float32(0.85), (patch.y + 32.0) * np.float32(0.62)) - 26.0
    great_vessels = intersection(great_vessels, 150.0 - patch.z, 20.0)
    gullet = np.hypot(patch.x - 10.0, patch.y + 16.0) - 15.0
    front = np.hypot(patch.x * np.float32(1.3), patch.y + 112.0) - 30.0
    heart_fat = heart.distance(patch) - 3.5
    both = union(union(np.asarray(back, dtype=np.float32), gullet, 10.0), union(heart_fat, great_vessels, 14.0), 10.0)
    return union(both, np.asarray(front, dtype=np.float32), 10.0)


def _paint_lungs(canvas: Canvas, child: Child, patch: Patch, lung: Array) -> None:
    tissues = child.tissues
    up = canvas.up
    # The dependent lung is denser: blood and atelectasis follow gravity.
    height = patch.x * np.float32(up[0]) + patch.y * np.float32(up[1])
    texture = tissues["lung"] + 22.0 * patch.noise(16.0, 31) + 16.0 * patch.noise(7.0, 32) - np.float32(0.35) * height
    canvas.paint(patch, lung, texture)
    inside = lung < 0.0
    for side, organ in ((patch.x < 0.0, "lung_right"), (patch.x >= 0.0, "lung_left")):
        canvas.labels[patch.box][inside & side] = LABELS[organ]
    _paint_fissure(canvas, patch, lung)
    for side in (-1.0, 1.0):
        _paint_vessel_tree(canvas, child, patch, lung, side)


def _paint_fissure(canvas: Canvas, patch: Patch, lung: Array) -> None:
    """The oblique fissure: a hair line falling from behind to the front."""
    plane = (patch.z - 128.0) * np.float32(0.62) - (patch.y + 20.0) * np.float32(0.78) + 3.0 * patch.noise(50.0, 33)
    line = np.abs(plane) - np.float32(0.12)
    canvas.paint(patch, np.maximum(line, lung + 1.0) * np.float32(1.0), -680.0, edge=1.6)


def _paint_vessel_tree(canvas: Canvas, child: Child, patch: Patch, lung: Array, side: float) -> None:
    """Branches from the hilum outwards, thinner at each fork."""
    rng = child.rng(f"lung vessels {side}")
    root = np.array([side * 34.0, -20.0, 150.0])
    hu = child.tissues["blood"] - 20.0
    branches = np.full(patch.shape, 60.0, dtype=np.float32)
    stack = [(root, np.array([side, 0.0, 0.0]), 5.0, 34.0)]
    while stack:
        start, towards, radius, length = stack.pop()
        end = start + towards * length
        distance, _ = tube(
            patch, smooth_line(np.array([start, (start + end) / 2 + rng.normal(0, 2.0, 3), end]), 2), radius
        )
        np.minimum(branches, distance, out=branches)
        if radius < 1.5:
            continue
        for _ in range(3 if radius > 3.0 else 2):
            way = towards + rng.normal(0.0, 0.62, 3) + np.array([side * 0.22, 0.05, -0.28])
            stack.append((end, way / np.linalg.norm(way), radius * 0.68, length * 0.80))
    canvas.paint(patch, np.maximum(branches, lung + 2.0), hu)


def _paint_heart(canvas: Canvas, child: Child, heart: Ellipsoid, diaphragm: Diaphragm) -> None:
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


def upper_vessels(child: Child) -> list[tuple[np.ndarray, float, str]]:
    """Superior caval vein, ascending aorta and pulmonary trunk above the heart: (points, radius, tissue)."""
    del child
    return [
        (np.array([[-24.0, -42.0, 150.0], [-25.0, -40.0, 200.0], [-22.0, -38.0, 262.0]]), 10.0, "vein"),
        (
            np.array(
                [
                    [4.0, -55.0, 150.0],
                    [-8.0, -60.0, 190.0],
                    [-2.0, -52.0, 225.0],
                    [14.0, -18.0, 232.0],
                    [21.0, 4.0, 218.0],
                ]
            ),
            14.0,
            "artery",
        ),
        (
            np.array([[18.0, -72.0, 165.0], [20.0, -62.0, 190.0], [8.0, -38.0, 200.0], [-20.0, -25.0, 196.0]]),
            13.0,
            "artery",
        ),
    ]
