"""Smooth random fields that belong to a place in the patient, not to a grid: two scans of one child show the same
child.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float32]

LATTICE = 16
"""Random numbers along each axis before the field repeats: the repeat distance is 8 wavelengths."""

KNOTS_PER_WAVELENGTH = 2.0
"""Random numbers of the lattice per wavelength."""

SPLINE_GAIN = 1.9
"""The quadratic spline averages neighbouring random numbers; this brings the standard deviation back to about 0.75."""

SHAPE_WAVELENGTH_MM = 40.0
SAMPLES_OF_SHAPES = 6
SAMPLES_OF_TEXTURES = 3
"""Points per wavelength at which a field is computed before it is interpolated linearly to the voxels.

Long waves bend shapes and must not show kinks; short ones are texture, many and dear, and lose a third of their height.
"""


def _upsample(coarse: Array, axis: int, positions: npt.NDArray[np.float64]) -> Array:
    """Interpolate linearly along one axis at fractional ``positions``."""
    low = np.clip(np.floor(positions).astype(np.intp), 0, max(coarse.shape[axis] - 2, 0))
    high = np.minimum(low + 1, coarse.shape[axis] - 1)
    shape = [1, 1, 1]
    shape[axis] = -1
    weight = (positions - low).astype(np.float32).reshape(shape)
    first = coarse.take(low, axis)
    second = coarse.take(high, axis)
    second -= first
    second *= weight
    second += first
    result: Array = second
    return result


@lru_cache(maxsize=64)
def _lattice(seed: int, channel: int) -> Array:
    """The random numbers of one field, small enough (16 kB) to keep."""
    lattice = np.random.default_rng((seed, channel)).standard_normal((LATTICE,) * 3).astype(np.float32)
    lattice.setflags(write=False)
    return lattice


@dataclass(frozen=True)
class SmoothNoise:
    """A seeded field of mean about 0 and standard deviation about 0.75 over patient space."""

    seed: int

    def at(self, points_mm: npt.NDArray[np.float64], wavelength_mm: float, channel: int = 0) -> Array:
        """The field at points ``(n, 3)`` of patient mm."""
        lattice = _lattice(self.seed, channel)
        places = points_mm.T * (KNOTS_PER_WAVELENGTH / wavelength_mm)
        field: Array = ndimage.map_coordinates(lattice, places, order=2, mode="grid-wrap", prefilter=False)
        return field * np.float32(SPLINE_GAIN)

    def sample(
        self,
        shape: tuple[int, int, int],
        index_to_mm: npt.NDArray[np.float64],
        wavelength_mm: float,
        channel: int = 0,
    ) -> Array:
        """The field on a box of voxels, axes ``(k, j, i)``; ``index_to_mm`` (4 x 4) maps box indices to patient mm.

        ``wavelength_mm`` is about the size of one blob and a half. ``channel`` picks one of many independent fields.
        """
        samples = SAMPLES_OF_SHAPES if wavelength_mm > SHAPE_WAVELENGTH_MM else SAMPLES_OF_TEXTURES
        step_mm = wavelength_mm / samples
        spacing = np.linalg.norm(index_to_mm[:3, :3], axis=0)
        counts = [int(np.ceil((n - 1) * s / step_mm)) + 1 for n, s in zip(shape, spacing, strict=True)]
        counts = [min(max(c, 2), max(n, 2)) for c, n in zip(counts, shape, strict=True)]
        axes = [np.linspace(0.0, max(n - 1, 1), c) for n, c in zip(shape, counts, strict=True)]
        index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=0).reshape(3, -1)
        points = index_to_mm[:3, :3] @ index + index_to_mm[:3, 3:4]
        field = self.at(points.T, wavelength_mm, channel).reshape(counts)
        for axis in sorted(range(3), key=lambda a: shape[a] / counts[a]):
            positions = np.linspace(0.0, counts[axis] - 1, shape[axis]) if shape[axis] > 1 else np.zeros(1)
            field = _upsample(field, axis, positions)
        return field
