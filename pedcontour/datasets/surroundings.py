"""What lies around the body on a planning CT: arms beside it and the couch below it.

A network that never saw an arm calls it an organ, and one that never saw the air of a wide field of view calls that
lung. Both are drawn here as roughly as a network needs: always background, never over the body.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from pedcontour.volume import Grid

FloatField = npt.NDArray[np.float32]

AIR_BELOW_HU = -400.0
"""Only voxels below this are painted: the body keeps its place."""
BODY_ABOVE_HU = -300.0
ARM_SHARE_OF_WIDTH = (0.09, 0.17)
"""Radius of an arm as a share of the body's half width, upper arm to forearm, slim to sturdy."""
CORTEX_MM = 3.0


@dataclass(frozen=True)
class BodyBox:
    """The body's extent in the patient's LPS coordinates, mm: (low, high) of ``x`` and ``y``."""

    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def around(cls, image: FloatField, points: "Points") -> "BodyBox":
        """The body is what is left when thin things (a couch's shell) are opened away."""
        body = ndimage.binary_opening(image > BODY_ABOVE_HU, iterations=3)
        if not body.any():
            return cls((-100.0, 100.0), (-70.0, 70.0))
        x, y = points.x[body], points.y[body]
        return cls((float(x.min()), float(x.max())), (float(y.min()), float(y.max())))


@dataclass(frozen=True, eq=False)
class Points:
    """LPS coordinates of every voxel, mm, each of the image's shape."""

    x: FloatField
    y: FloatField
    z: FloatField

    @classmethod
    def of(cls, grid: Grid) -> "Points":
        """All voxel centres of a grid of any orientation."""
        index = np.indices(grid.shape, np.float32).reshape(3, -1)
        affine = grid.affine.astype(np.float32)
        x, y, z = (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, *grid.shape)
        return cls(x, y, z)


def add_arms(image: FloatField, grid: Grid, rng: np.random.Generator) -> None:
    """Lay one arm or both beside the body, in place; what falls outside the field of view is cut off, as in clinics."""
    points = Points.of(grid)
    box = BodyBox.around(image, points)
    sides = [(-1,), (1,), (-1, 1), (-1, 1)][int(rng.integers(4))]
    for side in sides:
        _paint_arm(image, points, box, side, rng)


def _paint_arm(image: FloatField, points: Points, box: BodyBox, side: int, rng: np.random.Generator) -> None:
    half_width = (box.x[1] - box.x[0]) / 2
    radius = half_width * rng.uniform(*ARM_SHARE_OF_WIDTH) * 1.6
    flank = box.x[1] if side > 0 else box.x[0]
    height = points.z - points.z.mean()
    across = points.x - (flank + side * (radius + rng.uniform(-4.0, 30.0))) - height * rng.uniform(-0.15, 0.15)
    along = points.y - rng.uniform(*_inner(box.y)) - height * rng.uniform(-0.15, 0.15)
    flat = rng.uniform(0.75, 1.3)
    depth = radius - np.hypot(across, along / np.float32(flat))
    arm = _arm_tissue(across, along, depth, radius, rng)
    arm += rng.standard_normal(arm.shape, np.float32) * np.float32(rng.uniform(4.0, 25.0))
    free = (image < AIR_BELOW_HU) & (depth > 0)
    image[free] = arm[free]


def _inner(span: tuple[float, float]) -> tuple[float, float]:
    """The middle and lower part of the body, where arms lie."""
    low, high = span
    return low + 0.35 * (high - low), low + 0.9 * (high - low)


def _arm_tissue(
    across: FloatField, along: FloatField, depth: FloatField, radius: float, rng: np.random.Generator
) -> FloatField:
    """HU of an arm: fat under the skin, muscle, and one bone (upper arm) or two (forearm)."""
    arm = np.where(depth < rng.uniform(0.1, 0.35) * radius, np.float32(-100.0), np.float32(50.0))
    bones = int(rng.integers(1, 3))
    for number in range(bones):
        turn = rng.uniform(0, np.pi) + number * np.pi
        apart = 0.0 if bones == 1 else 0.35 * radius
        size = rng.uniform(0.16, 0.26) * radius
        inside = size - np.hypot(across - apart * np.cos(turn), along - apart * np.sin(turn))
        arm = np.where(inside > 0, np.float32(rng.uniform(600, 1200)), arm)
        arm = np.where(inside > CORTEX_MM, np.float32(rng.uniform(-50, 200)), arm)
    return arm.astype(np.float32)


def add_couch(image: FloatField, grid: Grid, rng: np.random.Generator) -> None:
    """Put a couch of one or two thin curved shells with a foam core below the back, in place."""
    points = Points.of(grid)
    box = BodyBox.around(image, points)
    across = (points.x - np.float32(sum(box.x) / 2)) / np.float32(rng.uniform(190.0, 260.0))
    top = box.y[1] + rng.uniform(-3.0, 30.0)
    core = rng.uniform(15.0, 60.0)
    voxel_mm = float(np.max(grid.spacing_mm[1:]))
    for shell, offset in enumerate((0.0, core)):
        if shell and rng.random() < 0.25:
            continue
        depth = points.y - np.float32(top + offset) + np.float32(rng.uniform(-10.0, 45.0)) * np.square(across)
        line = (depth > 0) & (depth < max(voxel_mm, rng.uniform(1.5, 5.0))) & (np.abs(across) < 1)
        _fill(image, line, rng.uniform(-300.0, 500.0), rng)
        if not shell:
            foam = (depth > 0) & (depth < core) & (np.abs(across) < 1)
            _fill(image, foam, rng.uniform(-1000.0, -860.0), rng)


def _fill(image: FloatField, where: npt.NDArray[np.bool_], hounsfield: float, rng: np.random.Generator) -> None:
    free = where & (image < AIR_BELOW_HU)
    image[free] = hounsfield + rng.standard_normal(int(free.sum()), np.float32) * np.float32(8.0)
