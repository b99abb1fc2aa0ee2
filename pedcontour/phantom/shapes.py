"""Shapes as signed distances over a patch: negative inside, in design mm, good near the surface.

Everything is float32, axes ``(k, j, i)``. Distances of ellipsoids and swept sections are first-order approximations,
exact on the surface, which is where partial volume and labels are decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.canvas import Canvas, Patch, Vector
from pedcontour.phantom.noise import Array

TABLE_STEP_MM = 1.0
"""Spacing of the look-up tables that curves along z are read from."""


def rotation_deg(about_x: float = 0.0, about_y: float = 0.0, about_z: float = 0.0) -> npt.NDArray[np.float64]:
    """3 x 3 rotation, first about x, then y, then z, in degrees, right-handed in LPS."""
    a, b, c = np.deg2rad((about_x, about_y, about_z))
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(z @ y @ x)


def union(a: Array, b: Array, blend_mm: float) -> Array:
    """Both shapes, melted together over ``blend_mm``."""
    h = np.clip(0.5 + (b - a) * np.float32(0.5 / blend_mm), 0.0, 1.0)
    return np.asarray(b + (a - b) * h - np.float32(blend_mm) * h * (1.0 - h), dtype=np.float32)


def intersection(a: Array, b: Array, blend_mm: float) -> Array:
    """What both shapes share, with edges rounded over ``blend_mm``."""
    return -union(-a, -b, blend_mm)


def difference(a: Array, b: Array, blend_mm: float) -> Array:
    """The first shape without the second, with edges rounded over ``blend_mm``."""
    return -union(-a, b, blend_mm)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre, semi-axes, and the rotation (degrees about x, y, z) that turns its own axes into LPS."""

    centre: Vector
    radii: Vector
    turn_deg: Vector = (0.0, 0.0, 0.0)

    def scaled(self, factor: float) -> "Ellipsoid":
        """The same shape at the same place, ``factor`` times as long."""
        a, b, c = self.radii
        return Ellipsoid(self.centre, (a * factor, b * factor, c * factor), self.turn_deg)

    def patch(self, canvas: Canvas, margin: float = 2.0) -> Patch:
        """The box of voxels that can hold it."""
        half = np.sqrt((rotation_deg(*self.turn_deg) ** 2) @ (np.asarray(self.radii) ** 2)) + margin
        low, high = np.asarray(self.centre) - half, np.asarray(self.centre) + half
        return canvas.patch((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def local(self, patch: Patch) -> tuple[Array, Array, Array]:
        """The ellipsoid's own coordinates over a patch."""
        back = rotation_deg(*self.turn_deg).T.astype(np.float32)
        x, y, z = (
            patch.x - np.float32(self.centre[0]),
            patch.y - np.float32(self.centre[1]),
            patch.z - np.float32(self.centre[2]),
        )
        if not any(self.turn_deg):
            return x, y, z
        return (
            back[0, 0] * x + back[0, 1] * y + back[0, 2] * z,
            back[1, 0] * x + back[1, 1] * y + back[1, 2] * z,
            back[2, 0] * x + back[2, 1] * y + back[2, 2] * z,
        )

    def distance(self, patch: Patch) -> Array:
        """Signed distance over a patch."""
        return ellipsoid_distance(self.local(patch), self.radii)


def ellipsoid_distance(local: tuple[Array, Array, Array], radii: Vector) -> Array:
    """Signed distance of an ellipsoid about the origin of ``local`` coordinates."""
    first = np.zeros_like(local[0])
    second = np.zeros_like(local[0])
    for axis, radius in zip(local, radii, strict=True):
        part = axis * np.float32(1.0 / radius)
        part *= part
        first += part
        second += part * np.float32(1.0 / radius**2)
    np.sqrt(first, out=first)
    np.sqrt(second, out=second)
    second += np.float32(1e-6)
    return np.asarray(first * (first - 1.0) / second, dtype=np.float32)


@dataclass(frozen=True)
class Curve:
    """A number that changes along z: interpolated between (z, value) knots through a look-up table, flat beyond the
    ends.
    """

    z: Sequence[float]
    value: Sequence[float]

    def at(self, z: float) -> float:
        """The value at one level."""
        return float(np.interp(z, self.z, self.value))

    def over(self, z: Array) -> Array:
        """The values at the levels of many voxels."""
        low, high = self.z[0], self.z[-1]
        levels = np.arange(low, high + TABLE_STEP_MM, TABLE_STEP_MM)
        table = np.interp(levels, self.z, self.value).astype(np.float32)
        index = ((z - np.float32(low)) * np.float32(1.0 / TABLE_STEP_MM) + np.float32(0.5)).astype(np.int32)
        values: Array = table.take(index, mode="clip")
        return values

    def shifted(self, offset: float) -> "Curve":
        """The same curve, ``offset`` higher everywhere."""
        return Curve(self.z, tuple(v + offset for v in self.value))


def tube(patch: Patch, points: npt.ArrayLike, radii: npt.ArrayLike) -> tuple[Array, Array]:
    """A tube along a polyline of design ``points`` (n, 3) with a radius at each.

    Returns the signed distance and, per voxel, where along the polyline its nearest point is (0 to n - 1).
    """
    line = np.asarray(points, dtype=np.float64)
    radius = np.broadcast_to(np.asarray(radii, dtype=np.float64), len(line))
    rods = np.column_stack([line[:-1], radius[:-1], line[1:], radius[1:]])
    return segments(patch, rods)


def segments(patch: Patch, rods: npt.ArrayLike) -> tuple[Array, Array]:
    """Any number of straight rods: ``rods`` (n, 8) from (x, y, z, radius) to (x, y, z, radius).

    Returns the signed distance to the nearest and, per voxel, its number plus how far along it (0 to 1) the voxel lies.
    """
    ends = np.asarray(rods, dtype=np.float64).reshape(-1, 2, 4)
    distance = patch.far()
    along = np.zeros(patch.shape, dtype=np.float32)
    places = patch.canvas.body_mm(ends[:, :, :3].reshape(-1, 3)).reshape(-1, 2, 3)
    for n, rod in enumerate(ends):
        near = patch.canvas.around(places[n], float(rod[:, 3].max()) + 3.5, patch.box)
        if 0 not in near.shape:
            _segment(patch, near, (rod[:, :3], rod[:, 3], n), (distance, along))
    return distance, along


def rods_of(line: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """A polyline (n, 4) of x, y, z, radius as rods (n - 1, 8)."""
    points = np.asarray(line, dtype=np.float64)
    return np.hstack([points[:-1], points[1:]])


def _segment(
    patch: Patch,
    part: Patch,
    segment: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int],
    result: tuple[Array, Array],
) -> None:
    """Melt one segment (ends, radii, number) of a tube into ``result`` (distance, along) on the voxels of ``part``."""
    ends, radius, number = segment
    box = tuple(slice(p.start - o.start, p.stop - o.start) for p, o in zip(part.box, patch.box, strict=True))
    a = ends[0].astype(np.float32)
    step = (ends[1] - ends[0]).astype(np.float32)
    length2 = max(float(step @ step), 1e-6)
    x, y, z = part.x - a[0], part.y - a[1], part.z - a[2]
    t = (x * step[0] + y * step[1] + z * step[2]) * np.float32(1.0 / length2)
    np.clip(t, 0.0, 1.0, out=t)
    x -= t * step[0]
    y -= t * step[1]
    z -= t * step[2]
    d = np.sqrt(x * x + y * y + z * z)
    d -= np.float32(radius[0]) + t * np.float32(radius[1] - radius[0])
    distance, along = result[0][box], result[1][box]
    closer = d < distance
    np.copyto(distance, d, where=closer)
    np.copyto(along, t + np.float32(number), where=closer)


def polyline_patch(canvas: Canvas, points: npt.ArrayLike, margin: float) -> Patch:
    """The box of voxels that can hold a tube of radius ``margin`` along ``points``."""
    line = np.asarray(points, dtype=np.float64)
    low, high = line.min(axis=0) - margin, line.max(axis=0) + margin
    return canvas.patch((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def smooth_line(knots: npt.ArrayLike, per_knot: int) -> npt.NDArray[np.float64]:
    """A Catmull-Rom curve through ``knots`` (n, any columns), ``per_knot`` points a gap; a column may be radii."""
    p = np.asarray(knots, dtype=np.float64)
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0.0, 1.0, per_knot, endpoint=False)[:, None]
    pieces = []
    for n in range(1, len(padded) - 2):
        a, b, c, d = padded[n - 1 : n + 3]
        bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append(0.5 * (2 * b + (c - a) * t + bend))
    return np.vstack([*pieces, p[-1:]])
