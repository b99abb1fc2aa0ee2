"""Stomach, duodenum, small bowel and colon: one class in the truth, four different pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pedcontour.organs import Side
from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.diaphragm import Diaphragm
from pedcontour.phantom.kidney_shapes import CENTRES
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import intersection, polyline_patch, rods_of, segments, smooth_line, tube
from pedcontour.phantom.trunk import Trunk

LABEL = LABELS["stomach_bowel"]

COLON = np.array(
    [[-88, -58, -190, 20], [-96, -48, -165, 25], [-104, -34, -130, 25], [-106, -28, -95, 23], [-103, -40, -62, 23],
     [-88, -72, -52, 22],
     [-62, -102, -62, 20], [-30, -112, -76, 20], [4, -114, -78, 20], [40, -110, -60, 20], [70, -100, -30, 20],
      [94, -74, 8, 20], [108, -44, 26, 19],
     [112, -22, -2, 18], [112, -10, -40, 17], [112, -8, -85, 16], [108, -12, -122, 16], [98, -36, -155, 16],
      [78, -62, -182, 16], [46, -68, -205, 17],
     [20, -48, -214, 17], [-8, -30, -200, 17], [-18, 2, -206, 17], [-4, 28, -226, 19], [0, 36, -250, 19],
      [0, 34, -285, 12]], float,
)  # fmt: skip
STOMACH = np.array(
    [[58, -16, 62, 22], [62, -26, 46, 33], [60, -50, 26, 31], [56, -76, 2, 28], [44, -94, -20, 25],
     [20, -98, -34, 20], [-6, -90, -34, 17], [-24, -82, -28, 12]], float,
)  # fmt: skip
DUODENUM = np.array(
    [[-24, -82, -28, 12], [-40, -74, -26, 13], [-52, -60, -36, 13], [-54, -50, -58, 13], [-44, -50, -80, 12.5],
     [-18, -58, -86, 11.5], [12, -60, -82, 11.5],
     [34, -58, -66, 12], [38, -66, -54, 12]], float,
)  # fmt: skip
"""Centre lines in design mm: x, y, z, radius."""

LOOP_MM = 25.5
"""Distance of neighbouring loops of small bowel."""

LONGEST_STEP = 2.0
"""Points of the small bowel further apart than this many loop distances are not joined."""


def paint_gut(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    """Paint all of it, the small bowel first, so that the others press it aside."""
    _paint_small_bowel(canvas, child, trunk)
    _paint_mesentery(canvas, child)
    _paint_colon(canvas, child, trunk)
    _paint_stomach(canvas, child, trunk, diaphragm)


def _paint_mesentery(canvas: Canvas, child: Child) -> None:
    """Small vessels that fan out in the fat between the loops, dots on a slice."""
    rng = child.rng("mesentery")
    patch = canvas.patch((-110.0, -120.0, -200.0), (110.0, -30.0, -40.0))
    if 0 in patch.shape:
        return
    free = np.where(canvas.labels[patch.box] == 0, np.float32(-1.0), np.float32(9.0))
    rods = []
    for _ in range(40):
        root = np.array([-2.0, -66.0, rng.uniform(-120.0, -60.0)])
        tip = np.array([rng.uniform(-85.0, 85.0), rng.uniform(-110.0, -60.0), root[2] - rng.uniform(0.0, 70.0)])
        middle = (root + tip) / 2.0 + rng.normal(0.0, 8.0, 3)
        line = smooth_line(np.array([root, middle, tip]), 3)
        rods.append(rods_of(np.column_stack([line, np.linspace(2.2, 1.3, len(line))])))
    vessels, _ = segments(patch, np.vstack(rods))
    canvas.paint(patch, np.maximum(vessels, free), child.tissues["vein"] - 10.0)


def _loops(child: Child) -> npt.NDArray[np.float64]:
    """One long line that fills the middle of the belly: layers from front to back, their loops running across or along
    it.
    """
    rng = child.rng("small bowel")
    step = LOOP_MM * float(rng.uniform(0.94, 1.06))
    points: list[npt.NDArray[np.float64]] = []
    upright = bool(rng.random() < 0.5)
    for y in np.arange(-104.0 + rng.uniform(0.0, 6.0), 2.0, step * 0.92):
        lowest = float(np.interp(y, (-104.0, -60.0, -20.0, 0.0), (-215.0, -236.0, -236.0, -225.0)))
        highest = float(np.interp(y, (-104.0, -60.0, -45.0, -30.0), (-60.0, -30.0, -50.0, -150.0)))
        z, x = np.meshgrid(np.arange(lowest, -28.0, step), np.arange(-108.0, 109.0, step))
        if not upright:
            z, x = z.T, x.T
        for n, (zs, xs) in enumerate(zip(z, x, strict=True)):
            row = np.column_stack([xs, np.full_like(xs, y), zs])[:: 1 if n % 2 == 0 else -1]
            half = np.interp(row[:, 2], (-235.0, -200.0, -150.0, -60.0), (40.0, 66.0, 102.0, 108.0))
            # On the left, jejunum lies higher and further back than ileum on the right.
            top = highest + 50.0 * (row[:, 0] > 40.0)
            points.extend(row[(np.abs(row[:, 0]) < half) & (row[:, 2] < top)])
        upright = not upright
    line = np.array(points)
    return np.asarray(line + rng.normal(0.0, step * 0.24, line.shape))


def _loops_in_bed(rng: np.random.Generator, side: Side) -> npt.NDArray[np.float64]:
    """A coil (x, y, z, radius) that has slipped into the bed of a removed kidney, beside the colon."""
    x, y, z = CENTRES[side]
    turns = np.arange(9)
    across = np.where(turns % 2 == 0, -15.0, 12.0) * np.sign(x)
    deep = np.where(turns // 2 % 2 == 0, -10.0, 6.0)
    course = np.column_stack([x + across, y + deep, z + 26.0 - 9.0 * turns]) + rng.normal(0.0, 3.0, (9, 3))
    return np.column_stack([course, np.clip(rng.normal(10.5, 1.0, 9), 8.0, 13.0)])


def _paint_small_bowel(canvas: Canvas, child: Child, trunk: Trunk) -> None:
    patch = canvas.patch((-120.0, -130.0, -262.0), (120.0, 40.0, -25.0))
    if 0 in patch.shape:
        return
    rng = child.rng("small bowel content")
    knots = _loops(child)
    radii = np.clip(rng.normal(10.6, 1.5, len(knots)), 7.5, 14.0)
    # Where the next point lies far off, the bowel takes a way that is not shown: no straight pipe across the belly.
    gaps = np.flatnonzero(np.linalg.norm(np.diff(knots, axis=0), axis=1) > LONGEST_STEP * LOOP_MM) + 1
    pieces = [p for p in np.split(np.column_stack([knots, radii]), gaps) if len(p) > 1]
    rods = np.vstack([rods_of(smooth_line(piece, 2)) for piece in pieces])
    if child.spec.absent_kidney is not None and child.spec.bed_filling == "bowel":
        rods = np.vstack([rods, rods_of(smooth_line(_loops_in_bed(rng, child.spec.absent_kidney), 2))])
    shape, along = segments(patch, rods)
    line = rods[:, :4]
    shape = intersection(shape + np.float32(0.9) * patch.noise(14.0, 111), trunk.cavity[patch.box] + 5.0, 4.0)
    oral = child.rng("oral contrast").random() < 0.25
    wet = child.tissues["bowel_fluid"] + (210.0 if oral else 0.0)
    stretches = Stretches.draw(rng, len(line), 40, (0.30, 0.62, 0.08))
    kind = stretches.kind[np.clip(along.astype(np.int32), 0, len(line) - 1)]
    canvas.paint(patch, shape, child.tissues["bowel_wall"], LABEL)
    folds = 14.0 * patch.noise(6.0, 112)
    content = np.where(kind == 0, np.float32(child.tissues["bowel_wall"] - 12.0), np.float32(wet)) + folds
    canvas.paint(patch, shape + 2.8, np.asarray(content, dtype=np.float32), edge=1.3)
    gas = stretches.gas(patch, shape + 3.0, (line, along), (2, 0.0))
    canvas.paint(patch, gas, child.tissues["gas"], edge=1.2)


@dataclass(frozen=True, eq=False)
class Stretches:
    """A bowel in stretches: for each point of its line what fills it, and in which pocket of level gas it lies."""

    kind: npt.NDArray[np.int8]
    pocket: npt.NDArray[np.int32]

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, length: int, weights: tuple[float, ...]) -> "Stretches":
        """Draw an index by ``weights`` for every ``length`` points or so."""
        kind, pocket = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.int32)
        at = 0
        while at < count:
            run = int(rng.integers(length // 3, length))
            kind[at : at + run] = rng.choice(len(weights), p=np.asarray(weights) / sum(weights))
            pocket[at:] += 1
            at += run
        return cls(kind, pocket)

    def gas(
        self, patch: Patch, lumen: Array, place: tuple[npt.NDArray[np.float64], Array], level: tuple[int, float]
    ) -> Array:
        """The part of a lumen that lies against gravity above the level of its pocket: where gas collects.

        ``place`` is the centre line and where along it each voxel lies, ``level`` the kind of content that is meant
        and how many design mm above the middle of the pocket its gas begins.
        """
        line, along = place
        wanted, above_mm = level
        scale = patch.canvas.mean_scale
        heights = patch.canvas.body_mm(line[:, :3]) @ np.asarray(patch.canvas.up)
        middle = np.bincount(self.pocket, weights=heights) / np.maximum(np.bincount(self.pocket), 1)
        index = np.clip(along.astype(np.int32), 0, len(line) - 1)
        surface = (middle[self.pocket].astype(np.float32) + np.float32(above_mm * scale))[index]
        gas = np.maximum(lumen, (surface - patch.height_mm()) * np.float32(1.0 / scale))
        return np.where(self.kind[index] == wanted, gas, np.float32(20.0))


def _haustra(along: Array, child: Child, per_knot: int) -> Array:
    """The colon's pouches: the radius goes in and out along it."""
    phase = float(child.rng("haustra").uniform(0.0, 6.28))
    return np.asarray(np.abs(np.sin(along * np.float32(2.9 / per_knot) + np.float32(phase))), dtype=np.float32)


def _colon_line(child: Child) -> npt.NDArray[np.float64]:
    """The frame of the colon; after a nephrectomy a flexure may sink into the empty bed."""
    rng = child.rng("colon")
    knots = COLON.copy()
    knots[:-3, :3] += rng.normal(0.0, (4.0, 4.0, 6.0), (len(knots) - 3, 3))
    knots[7:10, 2] += rng.normal(-8.0, 14.0)  # how far the transverse colon sags
    knots[:, 3] *= float(np.clip(rng.normal(1.0, 0.10), 0.75, 1.2))
    if child.spec.bed_filling == "bowel" and child.spec.absent_kidney == "left":
        knots[12:15, :3] = [[98.0, -20.0, 16.0], [80.0, 2.0, -22.0], [86.0, 2.0, -52.0]]
    if child.spec.bed_filling == "bowel" and child.spec.absent_kidney == "right":
        knots[3:6, :3] = [[-92.0, -8.0, -92.0], [-78.0, -2.0, -50.0], [-78.0, -40.0, -40.0]]
    return smooth_line(knots, 5)


def _paint_colon(canvas: Canvas, child: Child, trunk: Trunk) -> None:
    rng = child.rng("colon content")
    line = _colon_line(child)
    patch = polyline_patch(canvas, line[:, :3], 32.0)
    if 0 in patch.shape:
        return
    shape, along = tube(patch, line[:, :3], line[:, 3])
    pouches = _haustra(along, child, 5)
    shape += np.float32(4.4) * (1.0 - pouches) + np.float32(1.3) * patch.noise(18.0, 121)
    shape = intersection(shape, trunk.cavity[patch.box] + 3.0, 4.0)
    canvas.paint(patch, shape - 1.6, child.tissues["fat"], 0)
    canvas.paint(patch, shape, child.tissues["bowel_wall"], LABEL)
    lumen = shape + 2.2
    stretches = Stretches.draw(rng, len(line), 16, (0.55, 0.30, 0.15))  # stool, gas, collapsed
    canvas.paint(patch, lumen, _stool(patch, child))
    # Even a stretch full of stool has some gas on top.
    for kind, level in ((0, 9.0), (1, -7.0)):
        gas = stretches.gas(patch, lumen + 0.6, (line, along), (kind, level))
        canvas.paint(patch, gas, child.tissues["gas"])


def _stool(patch: Patch, child: Child) -> Array:
    """Mottled: lumps with bubbles of gas between them."""
    coarse, fine = patch.noise(13.0, 122), patch.noise(5.5, 123)
    bubbles = np.clip((coarse * 0.6 + fine - 0.85) * 1.6, 0.0, 1.0)
    base = child.tissues["stool"] + 12.0 * fine
    return np.asarray(base - bubbles * np.float32(520.0), dtype=np.float32)


def _paint_stomach(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    rng = child.rng("stomach")
    fill = float(rng.uniform(0.72, 1.12))
    knots = STOMACH.copy()
    knots[1:-1, :3] += rng.normal(0.0, 3.0, (len(knots) - 2, 3))
    knots[:-1, 3] *= fill
    stomach = smooth_line(knots, 5)
    duodenum = smooth_line(DUODENUM, 4)
    patch = polyline_patch(canvas, np.vstack([stomach[:, :3], duodenum[:, :3]]), 40.0)
    if 0 in patch.shape:
        return
    shape, _ = tube(patch, stomach[:, :3], stomach[:, 3])
    second: Array = tube(patch, duodenum[:, :3], duodenum[:, 3])[0]
    shape += np.float32(1.6) * patch.noise(30.0, 131)
    shape = intersection(shape, trunk.cavity[patch.box] + 4.0, 5.0)
    shape = intersection(shape, diaphragm.over(patch) + 3.0, 5.0)
    second += np.float32(0.8) * patch.noise(12.0, 132)
    both = np.asarray(np.minimum(shape, second), dtype=np.float32)
    canvas.paint(patch, both - 1.5, child.tissues["fat"], 0)
    canvas.paint(patch, both, child.tissues["bowel_wall"], LABEL)
    folds = np.asarray(np.clip(patch.noise(9.0, 133), -1.0, 1.0) * 1.6, dtype=np.float32)
    inner = np.asarray(second + folds + 3.0, dtype=np.float32)
    canvas.paint(patch, inner, np.float32(child.tissues["bowel_fluid"]) + 8.0 * patch.noise(6.0, 134))
    lumen = shape + 4.0 + folds
    food = float(rng.uniform(0.0, 45.0))
    canvas.paint(
        patch, lumen, child.tissues["bowel_fluid"] + np.float32(food) * np.clip(patch.noise(7.0, 135), -0.6, 1.0)
    )
    # One level for the whole stomach: gas above it.
    heights = canvas.body_mm(stomach[:, :3]) @ np.asarray(canvas.up)
    level = float(heights.max()) + (20.0 * fill - float(rng.uniform(14.0, 46.0))) * canvas.mean_scale
    gas = np.maximum(lumen, (np.float32(level) - patch.height_mm()) * np.float32(1.0 / canvas.mean_scale))
    canvas.paint(patch, gas, child.tissues["gas"])
