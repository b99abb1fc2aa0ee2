"""The trunk as a vessel: skin, fat, the muscular frame, and the cavity that holds the organs.

The frame is what remains without skin and fat. Its cross-section at each level is a superellipse with its own front
and back, given by curves along z in design mm; the cavity likewise.
"""

from dataclasses import dataclass

import numpy as np

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import Child
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Curve, intersection

LEVELS = (-300.0, -260.0, -230.0, -200.0, -165.0, -130.0, -90.0, -50.0, 0.0, 40.0, 90.0, 140.0, 190.0, 237.0, 275.0)

SPINE_Y = Curve(
    (
        -290.0,
        -262.0,
        -240.0,
        -215.0,
        -190.0,
        -172.0,
        -141.0,
        -107.0,
        -71.0,
        -35.0,
        0.0,
        32.0,
        62.0,
        90.0,
        130.0,
        165.0,
        205.0,
        245.0,
        275.0,
    ),
    (45.0, 58.0, 60.0, 52.0, 32.0, 13.0, -8.0, -18.0, -18.0, -11.0, 0.0, 9.0, 15.0, 20.0, 26.0, 28.0, 24.0, 12.0, 2.0),
)
"""How far back the middle of the vertebral bodies lies: lumbar lordosis, thoracic kyphosis, the sacrum."""

TOP_MM, BOTTOM_MM = 250.0, -292.0
"""The trunk that is drawn: from the mid-chest (T4) to the pubis, design z."""

PELVIC_FLOOR_MM = -276.0
"""Where the levator closes the pelvis in the middle, design z."""

SKIN_MM = 1.6
"""Thickness of the skin, real mm."""


@dataclass(frozen=True)
class Section:
    """A superellipse for every level: half-width, front and back edge, where it is widest, and how square it is."""

    half_width: Curve
    front: Curve
    back: Curve
    widest: Curve
    power: float

    def distance(self, patch: Patch) -> Array:
        """Signed distance of the column over a patch."""
        z = patch.z
        middle = self.widest.over(z)
        u = np.abs(patch.x)
        v = patch.y - middle
        depth = np.where(v < 0.0, middle - self.front.over(z), self.back.over(z) - middle)
        radius = np.sqrt(u * u + v * v)
        u /= self.half_width.over(z)
        np.abs(v, out=v)
        v /= depth
        log = np.float32(self.power)
        rho = np.power(np.power(u, log) + np.power(v, log) + np.float32(1e-6), np.float32(1.0 / self.power))
        return np.asarray(radius * (1.0 - 1.0 / rho), dtype=np.float32)

    def edge(self, z: float, angle_deg: float, inset: float = 0.0) -> tuple[float, float]:
        """The point (x, y) of the outline at an angle: 0 is the front, 90 the patient's left, 180 the back; ``inset``
        inwards.
        """
        a = np.deg2rad(angle_deg)
        s, c = np.sin(a), -np.cos(a)
        middle = self.widest.at(z)
        depth = middle - self.front.at(z) if c < 0 else self.back.at(z) - middle
        half = self.half_width.at(z) - inset
        depth -= inset
        rho = (abs(s / half) ** self.power + abs(c / depth) ** self.power) ** (-1.0 / self.power)
        return float(rho * s), float(middle + rho * c)


FRAME = Section(
    Curve(LEVELS, (160, 163, 164, 160, 150, 140, 137, 139, 147, 151, 154, 157, 158, 156, 150)),
    Curve(LEVELS, (-92, -98, -102, -108, -117, -126, -131, -136, -142, -145, -142, -134, -120, -104, -90)),
    Curve(LEVELS, (84, 88, 88, 84, 78, 75, 73, 78, 86, 88, 90, 91, 88, 84, 80)),
    Curve(LEVELS, (-5, -5, -5, -8, -15, -22, -25, -26, -24, -20, -12, -8, -5, 0, 0)),
    2.5,
)
"""Outer surface of muscles and ribs."""

CAVITY = Section(
    Curve(LEVELS, (10, 33, 51, 75, 106, 118, 117, 120, 131, 137, 139, 136, 126, 108, 92)),
    Curve(LEVELS, (-70, -84, -92, -98, -106, -114, -119, -124, -131, -133, -128, -117, -100, -80, -64)),
    Curve(LEVELS, (48, 56, 60, 62, 55, 40, 33, 36, 46, 58, 68, 71, 69, 62, 52)),
    Curve(LEVELS, (-15, -15, -15, -15, -20, -28, -30, -30, -26, -20, -12, -8, -6, -4, -2)),
    2.6,
)
"""Inner surface of the chest wall and the abdominal wall, down to the pelvic floor."""


@dataclass(frozen=True, eq=False)
class Trunk:
    """The distances that other builders measure from, over the whole canvas: ``frame`` and ``cavity``."""

    patch: Patch
    skin: Array
    frame: Array
    cavity: Array

    def part(self, patch: Patch, field: Array) -> Array:
        """The values of one of the fields on a smaller patch."""
        return field[patch.box]


def skin_distance(patch: Patch, frame: Array, fat_design_mm: float) -> Array:
    """Signed distance of the skin: the frame under fat that is thicker at the flanks and the seat, thinner over the
    ribs.
    """
    thickness = Curve(
        (-300.0, -240.0, -180.0, -110.0, -40.0, 60.0, 150.0, 260.0), (1.4, 1.45, 1.35, 1.2, 1.05, 0.85, 0.8, 0.8)
    )
    layer = thickness.over(patch.z) * np.float32(fat_design_mm)
    # The groove over the spine, and the cleft between the buttocks.
    behind = np.clip((patch.y - 35.0) * np.float32(1.0 / 30.0), 0.0, 1.0)
    groove = np.exp(-np.square(patch.x * np.float32(1.0 / 16.0)))
    depth = Curve((-300.0, -235.0, -205.0, -170.0, 100.0), (34.0, 24.0, 6.0, 3.0, 2.0)).over(patch.z)
    return np.asarray(frame - layer + behind * groove * depth, dtype=np.float32)


def build_trunk(canvas: Canvas, child: Child) -> Trunk:
    """Lay down skin, fat, muscle and the fat of the cavity; return the surfaces for those that come after."""
    trunk = trunk_of(canvas, child)
    _paint_layers(canvas, child, trunk)
    return trunk


def trunk_of(canvas: Canvas, child: Child) -> Trunk:
    """The surfaces of the trunk without painting anything."""
    whole = canvas.whole()
    frame = FRAME.distance(whole)
    cavity = CAVITY.distance(whole)
    # Behind, the abdominal cavity ends at the muscles beside the spine.
    wall = SPINE_Y.shifted(46.0).over(whole.z)
    cavity = intersection(cavity, whole.y - wall, 14.0)
    floor = PELVIC_FLOOR_MM + np.square(whole.x * np.float32(0.09)) - whole.z
    cavity = intersection(cavity, np.asarray(floor, dtype=np.float32), 12.0)
    skin = skin_distance(whole, frame, child.size.fat_mm / canvas.mean_scale)
    return Trunk(whole, skin, frame, cavity)


def _paint_layers(canvas: Canvas, child: Child, trunk: Trunk) -> None:
    tissues = child.tissues
    whole = trunk.patch
    canvas.paint(whole, trunk.skin, tissues["skin"])
    canvas.paint(
        whole, trunk.skin + np.float32(SKIN_MM / canvas.mean_scale), tissues["fat"] + 4.0 * whole.noise(30.0, 11)
    )
    muscle = tissues["muscle"] + _fat_planes(canvas, trunk) * np.float32(tissues["fat"] - tissues["muscle"])
    canvas.paint(whole, trunk.frame, muscle)
    fat = tissues["fat"] + 6.0 * whole.noise(14.0, 12)
    canvas.paint(whole, trunk.cavity, fat)


def _fat_planes(canvas: Canvas, trunk: Trunk) -> Array:
    """How much fat (0 to 1) lies between the muscles of the wall: layers at the flank, clefts elsewhere."""
    whole = trunk.patch
    span = trunk.cavity - trunk.frame + np.float32(1e-3)
    depth = np.clip(-trunk.frame / span, 0.0, 1.0)  # 0 at the outside of the wall, 1 at its inside
    waver = 0.05 * whole.noise(40.0, 13)
    belly = np.clip((60.0 - np.abs(whole.z + 70.0)) * np.float32(1.0 / 30.0), 0.0, 1.0)
    thickness_mm = np.float32(canvas.edge_mm * 0.8)
    layers = np.zeros_like(depth)
    for share in (0.36, 0.68):
        gap = np.abs(depth + waver - np.float32(share)) * span
        np.maximum(layers, np.clip(1.3 - gap / thickness_mm, 0.0, 0.65), out=layers)
    layers *= belly
    sharp = np.float32(30.0 / (1.0 + thickness_mm))
    clefts = np.clip(1.0 - np.abs(whole.noise(62.0, 14)) * sharp, 0.0, 0.6)
    clefts *= 1.0 - belly
    linea_alba = np.clip(1.2 - np.abs(whole.x) * np.float32(0.35), 0.0, 0.5) * ((whole.y < -60.0) & (whole.z < 60.0))
    return np.asarray(np.maximum(np.maximum(layers, clefts), linea_alba), dtype=np.float32)
