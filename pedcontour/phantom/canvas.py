"""Where shapes meet voxels: the scanner's grid seen in the coordinates that anatomy is designed in.

*Design coordinates* are the millimetres of the reference adult of ``growth``: origin in the body of L1, axes as LPS (x
to the left, y to the back, z to the head). A ``Canvas`` knows the design coordinates of every voxel of a grid, a
``Patch`` is a box of it. A shape is a signed distance (negative inside, in design mm, exact near the surface);
painting turns it into the share of a voxel that is filled, so that edges are soft as partial volume makes them, while
labels change at distance zero.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.noise import Array, SmoothNoise
from pedcontour.phantom.tissues import AIR_HU
from pedcontour.volume import FloatArray, Grid

Vector = tuple[float, float, float]

FAR_MM = 60.0
"""What a signed distance says where a shape was not computed: outside, and far."""

WARP_MM = 5.0
WARP_WAVELENGTH_MM = 150.0
"""Everything is bent by a smooth field times this (design mm): no two children are alike."""

WARP_REACH = 3.0
"""Boxes are searched this many ``WARP_MM`` around a shape: four standard deviations of the warp."""


@dataclass(frozen=True)
class Pose:
    """From design coordinates to the header's LPS mm: scale, roll about the body axis, shift.

    ``scale`` along design (x, y, z); ``roll_deg`` positive from the patient's left to the back; ``landmark_mm`` is
    where the design's origin comes to lie.
    """

    scale: Vector
    roll_deg: float = 0.0
    landmark_mm: Vector = (0.0, 0.0, 0.0)

    @property
    def rotation(self) -> FloatArray:
        """3 x 3 rotation, unrolled to rolled LPS."""
        angle = np.deg2rad(self.roll_deg)
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def to_lps_mm(self, design: npt.ArrayLike) -> FloatArray:
        """Design points ``(..., 3)`` to LPS mm, without the warp."""
        scaled = np.asarray(design, dtype=np.float64) * self.scale
        placed: FloatArray = scaled @ self.rotation.T + self.landmark_mm
        return placed

    def body_affine(self, grid: Grid) -> FloatArray:
        """4 x 4, grid index ``(k, j, i, 1)`` to unrolled body mm (unscaled by age, origin in L1)."""
        back = np.eye(4)
        back[:3, :3] = self.rotation.T
        back[:3, 3] = -self.rotation.T @ np.asarray(self.landmark_mm)
        matrix: FloatArray = back @ grid.affine
        return matrix


Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Patch:
    """A box of voxels: ``box`` in the grid, ``x, y, z`` their design coordinates (float32, axes ``(k, j, i)``)."""

    canvas: "Canvas"
    box: Box
    x: Array
    y: Array
    z: Array

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along ``(k, j, i)``."""
        k, j, i = self.x.shape
        return k, j, i

    def far(self) -> Array:
        """A signed distance that is outside everywhere."""
        return np.full(self.shape, FAR_MM, dtype=np.float32)

    def noise(self, wavelength_mm: float, channel: int) -> Array:
        """A smooth random field of standard deviation about 0.75 on this box; ``wavelength_mm`` in design mm."""
        matrix = self.canvas.body_affine.copy()
        matrix[:3, 3] += matrix[:3, :3] @ [s.start for s in self.box]
        wavelength = wavelength_mm * self.canvas.mean_scale
        return self.canvas.texture.sample(self.shape, matrix, wavelength, channel)

    def height_mm(self) -> Array:
        """How far each voxel's centre lies against gravity from the body of L1, real mm: level planes are level."""
        matrix = self.canvas.body_affine
        weights = np.asarray(self.canvas.up) @ matrix[:3]
        k, j, i = (
            np.arange(s.start, s.stop, dtype=np.float32) * np.float32(w)
            for s, w in zip(self.box, weights[:3], strict=True)
        )
        height = k[:, None, None] + j[None, :, None] + i[None, None, :] + np.float32(weights[3])
        return np.asarray(height, dtype=np.float32)


class Canvas:
    """A CT in the making: ``image`` in HU (float32) and ``labels`` (uint8) on ``grid``."""

    def __init__(self, grid: Grid, pose: Pose, seed: int, up: Vector = (0.0, -1.0, 0.0)) -> None:
        self.grid = grid
        self.pose = pose
        self.mean_scale = float(np.prod(pose.scale)) ** (1.0 / 3.0)
        self.up = up
        self.texture = SmoothNoise(seed)
        self.body_affine = pose.body_affine(grid)
        self._to_index = np.linalg.inv(self.body_affine)
        self.image = np.full(grid.shape, AIR_HU, dtype=np.float32)
        self.labels = np.zeros(grid.shape, dtype=np.uint8)
        _, row_mm, column_mm = grid.spacing_mm
        self.edge_mm = max(row_mm, column_mm, 0.6) / self.mean_scale
        """Over how many design mm a surface goes from empty to full: about one voxel in the plane of the slices."""
        self._reach = np.array([WARP_REACH * WARP_MM + self.edge_mm] * 3) * pose.scale

    @cached_property
    def _coordinates(self) -> tuple[Array, Array, Array]:
        """Design coordinates x, y, z of every voxel, warped."""
        axes = [np.arange(n, dtype=np.float32) for n in self.grid.shape]
        fields = []
        for row in range(3):
            weights = (self.body_affine[row] / self.pose.scale[row]).astype(np.float32)
            field = (
                (axes[0] * weights[0])[:, None, None]
                + (axes[1] * weights[1])[None, :, None]
                + (axes[2] * weights[2] + weights[3])[None, None, :]
            )
            wavelength = WARP_WAVELENGTH_MM * self.mean_scale
            bend = self.texture.sample(self.grid.shape, self.body_affine, wavelength, channel=row)
            bend *= np.float32(WARP_MM)
            field += bend
            fields.append(field)
        return fields[0], fields[1], fields[2]

    def body_mm(self, design: npt.ArrayLike) -> FloatArray:
        """Where design points ``(n, 3)`` come to lie after the warp, in unrolled body mm: what a builder plans, seen
        by a ruler.
        """
        points = np.asarray(design, dtype=np.float64)
        scale = np.asarray(self.pose.scale)
        placed: FloatArray = points * scale
        wavelength = WARP_WAVELENGTH_MM * self.mean_scale
        for _ in range(3):  # a fixed point: the warp is small against its wavelength
            bend = np.stack([self.texture.at(placed, wavelength, channel=row) for row in range(3)], axis=-1)
            placed = (points - WARP_MM * bend) * scale
        return placed

    def around(self, body_mm: FloatArray, reach_design_mm: float, inside: Box) -> Patch:
        """The box of voxels within ``reach_design_mm`` of points in body mm: tighter than ``patch``."""
        reach = np.asarray(self.pose.scale) * (reach_design_mm + self.edge_mm)
        low, high = body_mm.min(axis=0) - reach, body_mm.max(axis=0) + reach
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        index = corners @ self._to_index[:3, :3].T + self._to_index[:3, 3]
        return self._patch_of(index, inside)

    def whole(self) -> Patch:
        """The patch of all voxels."""
        return self.patch((-1e4, -1e4, -1e4), (1e4, 1e4, 1e4))

    def patch(self, low: Vector, high: Vector, inside: Box | None = None) -> Patch:
        """The box of voxels that can hold the design box ``low`` to ``high``, warp included; it may be empty."""
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        spread = np.where(corners > np.add(low, high) / 2.0, self._reach, -self._reach)
        lps = (corners * self.pose.scale + spread) @ self.pose.rotation.T + self.pose.landmark_mm
        return self._patch_of(self.grid.to_index(lps), inside or tuple(slice(0, n) for n in self.grid.shape))

    def _patch_of(self, index: FloatArray, outer: tuple[slice, ...]) -> Patch:
        """The box around fractional indices, cut to ``outer``."""
        first = np.floor(index.min(axis=0)).astype(int)
        last = np.ceil(index.max(axis=0)).astype(int) + 1
        box = []
        for a, b, limit in zip(first, last, outer, strict=True):
            start = min(max(int(a), limit.start), limit.stop)
            box.append(slice(start, max(start, min(int(b), limit.stop))))
        whole: Box = (box[0], box[1], box[2])
        x, y, z = self._coordinates
        return Patch(self, whole, x[whole], y[whole], z[whole])

    def cover(self, distance: Array, edge: float = 1.0) -> Array:
        """The share of each voxel that a shape fills, 0 to 1; ``edge`` widens (over 1) the soft rim."""
        share = distance * np.float32(-1.0 / (self.edge_mm * edge))
        share += np.float32(0.5)
        return np.clip(share, 0.0, 1.0, out=share)

    def paint(
        self, patch: Patch, distance: Array, hu: float | Array, label: int | None = None, edge: float = 1.0
    ) -> None:
        """Lay a shape over what is there. ``label`` None keeps the labels below, 0 clears them."""
        if 0 in patch.shape:
            return
        share = self.cover(distance, edge)
        below = self.image[patch.box]
        below += share * (hu - below)
        if label is not None:
            self.labels[patch.box][distance < 0.0] = label
