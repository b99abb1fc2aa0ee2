"""The scanner: where its slices lie in the header's coordinates, the couch, and what its optics and photons do to a
picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from pedcontour.phantom.canvas import Canvas, Pose, Vector
from pedcontour.phantom.noise import Array
from pedcontour.phantom.spec import Kernel, ScanSpec
from pedcontour.phantom.tissues import AIR_HU
from pedcontour.volume import FloatArray, Grid

DIRECTIONS: Mapping[str, tuple[Vector, Vector, Vector]] = MappingProxyType(
    {
        # position: rows run towards (IOP 1-3), columns run towards (IOP 4-6: to the couch), slices follow towards
        "HFS": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        "HFP": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
        "HFDR": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
        "HFDL": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
        "FFS": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
        "FFP": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
        "FFDR": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
        "FFDL": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    }
)
"""Patient-based (LPS) directions of the gantry's own axes for each patient position, DICOM PS3.3 C.7.3.1.1.2 and
C.7.6.1.1.1.

The gantry's right and down are fixed in the room; the patient is turned in it. DR means lying on the right side.
"""

PSF_SIGMA_MM: Mapping[Kernel, float] = MappingProxyType({"smooth": 0.75, "standard": 0.5, "sharp": 0.3})
"""Blur of each kernel in the plane of a slice, standard deviation."""

NOISE_SIGMA_MM: Mapping[Kernel, float] = MappingProxyType({"smooth": 0.85, "standard": 0.6, "sharp": 0.35})
"""How far noise is correlated in the plane of a slice."""

ATTENUATION_PER_MM = 0.019
"""Of water at about 70 keV: noise grows with the square root of what the body lets through."""

NOISE_REFERENCE_MM = 160.0
"""Water-equivalent diameter for which ``noise_hu`` is meant."""

STREAK_MM = 14.0
STREAKS_FROM_MM = 230.0
"""Rows through more water than this show streaks (hips, shoulders), about this long."""

RING_SHARE = 0.08
"""Height of the faint rings about the middle of the field of view, as a share of the noise."""

COUCH_GAP_MM = -4.0
"""Below zero: the lowest part of the body sinks into the mat."""

BODY_MARGIN_MM = 14.0
COUCH_ROOM_MM = 26.0
"""Air kept around the body, and room for the couch below it, when the scanner chooses the field of view."""


@dataclass(frozen=True)
class Extent:
    """The body seen by the gantry, mm in the header's coordinates along the gantry's right and down: (low, high) of
    each.
    """

    right: tuple[float, float]
    down: tuple[float, float]


def gantry_axes(scan: ScanSpec) -> tuple[FloatArray, FloatArray, FloatArray]:
    """LPS unit vectors: stored rows run along the first, stored columns along the second, slices follow along the
    third.
    """
    right, down, along = (np.array(v, dtype=np.float64) for v in DIRECTIONS[scan.patient_position])
    if scan.rows_follow == "patient" and scan.patient_position.startswith("FF"):
        right = -right
    return right, down, -along if scan.descending else along


def up_in_body(scan: ScanSpec, pose: Pose) -> Vector:
    """The direction against gravity in unrolled body coordinates."""
    down = np.array(DIRECTIONS[scan.patient_position][1], dtype=np.float64)
    x, y, z = -(pose.rotation.T @ down)
    return float(x), float(y), float(z)


def scan_grid(scan: ScanSpec, pose: Pose, extent: Extent, z_range_mm: tuple[float, float]) -> Grid:
    """The scanner's grid: slices between the two levels (mm above L1), the field of view around the body."""
    right, down, along = gantry_axes(scan)
    row_mm, column_mm = scan.spacing_mm
    centre = np.array([sum(extent.right) / 2.0, sum(extent.down) / 2.0 + (COUCH_ROOM_MM / 2.0 if scan.couch else 0.0)])
    if scan.matrix is None:
        room = 2.0 * BODY_MARGIN_MM
        columns = int(np.ceil((extent.right[1] - extent.right[0] + room) / column_mm))
        rows = int(np.ceil((extent.down[1] - extent.down[0] + room + (COUCH_ROOM_MM if scan.couch else 0.0)) / row_mm))
    else:
        rows, columns = scan.matrix
    middle = right * (centre[0] + scan.centre_offset_mm[0]) + down * (centre[1] + scan.centre_offset_mm[1])
    low, high = z_range_mm
    slices = max(2, int(np.floor((high - low) / scan.slice_spacing_mm + 1e-6)) + 1)
    z0 = low if along[2] > 0 else low + (slices - 1) * scan.slice_spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = along * scan.slice_spacing_mm
    affine[:3, 1] = down * row_mm
    affine[:3, 2] = right * column_mm
    affine[:3, 3] = middle - down * row_mm * (rows - 1) / 2.0 - right * column_mm * (columns - 1) / 2.0
    affine[2, 3] = z0 + pose.landmark_mm[2]
    return Grid((slices, rows, columns), affine)


def paint_couch(image: Array, grid: Grid, scan: ScanSpec, extent: Extent) -> None:
    """A curved carbon shell with a foam core under a thin mat, just below the body, towards gravity."""
    if not scan.couch:
        return
    right, down, _ = gantry_axes(scan)
    along_row = grid.affine[:3, 3] @ right + np.arange(grid.shape[2]) * grid.spacing_mm[2]
    along_column = grid.affine[:3, 3] @ down + np.arange(grid.shape[1]) * grid.spacing_mm[1]
    across = along_row - sum(extent.right) / 2.0 * (
        1.0 if right @ np.array(DIRECTIONS[scan.patient_position][0]) > 0 else -1.0
    )
    # A shallow trough, 400 mm wide, rising towards its sides.
    top = extent.down[1] + COUCH_GAP_MM - np.square(across / 200.0) * 22.0
    depth = along_column[:, None] - top[None, :]
    inside = np.abs(across)[None, :] < 205.0
    edge = max(scan.spacing_mm)
    hu = np.full(depth.shape, AIR_HU, dtype=np.float32)
    for begin, end, value in ((0.0, 5.0, -925.0), (5.0, 6.6, 60.0), (6.6, 30.0, -955.0), (30.0, 31.6, 60.0)):
        share = np.clip((depth - begin) / edge + 0.5, 0.0, 1.0) * np.clip((end - depth) / edge + 0.5, 0.0, 1.0)
        hu += (share * (value - hu)).astype(np.float32)
    hu = np.where(inside, hu, AIR_HU).astype(np.float32)
    # Where the body is, the couch is not: it gives way.
    share_of_air = np.clip((-700.0 - image) / 250.0, 0.0, 1.0)
    share_of_air *= (depth > -1.0)[None]
    image += share_of_air * (hu[None] - AIR_HU)


def expose(canvas: Canvas, scan: ScanSpec) -> Array:
    """What the detector makes of the picture: blur of the kernel and of the slice's thickness, then noise."""
    image = canvas.image
    for axis, spacing in ((1, scan.spacing_mm[0]), (2, scan.spacing_mm[1])):
        image = ndimage.gaussian_filter1d(
            image, PSF_SIGMA_MM[scan.kernel] / spacing, axis=axis, mode="nearest", truncate=3.0
        )
    thickness = (scan.slice_thickness_mm or scan.slice_spacing_mm) / scan.slice_spacing_mm
    # A box as wide as the slice on samples one spacing apart: neighbours share what lies half-way.
    share = min(0.33, thickness / 8.0)
    image = ndimage.convolve1d(
        image, np.array([share, 1.0 - 2.0 * share, share], dtype=np.float32), axis=0, mode="nearest"
    )
    if scan.noise_hu > 0.0:
        image += _noise(image, scan)
    return image


def _noise(image: Array, scan: ScanSpec) -> Array:
    """Correlated noise, stronger in the middle of wide bodies, streaks along rows, and a trace of rings."""
    rng = np.random.default_rng((scan.seed, 7))
    sigma, streaks = _noise_maps(image, scan)
    fine = _correlated(rng, image.shape, scan, NOISE_SIGMA_MM[scan.kernel])
    row_mm, column_mm = scan.spacing_mm
    _, rows, columns = image.shape
    fine *= sigma
    if float(streaks.max()) > 0.0:
        long = rng.standard_normal(image.shape, dtype=np.float32)
        long = ndimage.gaussian_filter1d(long, STREAK_MM / column_mm, axis=2, mode="wrap", truncate=2.0)
        long *= np.float32(np.sqrt(2.0 * np.sqrt(np.pi) * STREAK_MM / column_mm))  # back to standard deviation 1
        fine += long * sigma * streaks
    radius = np.hypot(
        (np.arange(rows)[:, None] - rows / 2.0) * row_mm, (np.arange(columns)[None, :] - columns / 2.0) * column_mm
    )
    rings = rng.normal(0.0, RING_SHARE * scan.noise_hu, int(radius.max()) + 2).astype(np.float32)
    fine += rings[np.rint(radius).astype(np.intp)]
    return fine


def _correlated(rng: np.random.Generator, shape: tuple[int, ...], scan: ScanSpec, sigma_mm: float) -> Array:
    """White noise blurred in the plane of the slices, scaled back to standard deviation 1."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    for axis, spacing in ((1, scan.spacing_mm[0]), (2, scan.spacing_mm[1])):
        sigma = sigma_mm / spacing
        if sigma > 0.2:
            noise = ndimage.gaussian_filter1d(noise, sigma, axis=axis, mode="wrap", truncate=3.0)
    noise /= max(float(noise[: max(1, len(noise) // 8)].std()), 1e-3)
    return noise


def _noise_maps(image: Array, scan: ScanSpec) -> tuple[Array, Array]:
    """Standard deviation of the noise and the share that streaks along rows, for each pixel, from a coarse copy."""
    steps = tuple(max(1, round(6.0 / s)) for s in (scan.slice_spacing_mm, *scan.spacing_mm))
    k, j, i = steps
    coarse = np.clip(image[::k, ::j, ::i] * np.float32(1e-3) + 1.0, 0.0, 2.2)
    down = coarse.sum(axis=1, keepdims=True) * np.float32(scan.spacing_mm[0] * j)
    across = coarse.sum(axis=2, keepdims=True) * np.float32(scan.spacing_mm[1] * i)
    # Variance is the mean over directions of what is lost on the way.
    lost = [np.exp(ATTENUATION_PER_MM * (np.clip(way, 0.0, 420.0) - NOISE_REFERENCE_MM)) for way in (down, across)]
    sigma = np.sqrt((lost[0] + lost[1]) / 2.0 + np.zeros_like(coarse)) * np.float32(scan.noise_hu)
    sigma = ndimage.uniform_filter(np.clip(sigma, 0.35 * scan.noise_hu, 3.0 * scan.noise_hu), 3, mode="nearest")
    streaks = np.clip((across - np.float32(STREAKS_FROM_MM)) * np.float32(1.0 / 250.0), 0.0, 0.7)
    return _enlarged(sigma, steps, image.shape), _enlarged(streaks, (k, j, 10**6), (*image.shape[:2], 1))


def _enlarged(coarse: Array, steps: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Repeat each coarse value over the voxels that it stands for."""
    for axis, (step, size) in enumerate(zip(steps, shape, strict=True)):
        index = np.minimum(np.arange(size) // step, coarse.shape[axis] - 1)
        coarse = coarse.take(index, axis=axis)
    return np.asarray(coarse, dtype=np.float32)


def digitise(image: Array, grid: Grid, scan: ScanSpec) -> np.ndarray:
    """Whole HU as int16, with padding outside the field-of-view circle when the scan has one."""
    voxels = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    if scan.padding_hu is not None:
        _, rows, columns = grid.shape
        y = (np.arange(rows) - (rows - 1) / 2.0) * grid.spacing_mm[1]
        x = (np.arange(columns) - (columns - 1) / 2.0) * grid.spacing_mm[2]
        radius = max(rows * grid.spacing_mm[1], columns * grid.spacing_mm[2]) / 2.0
        voxels[:, np.hypot(y[:, None], x[None, :]) > radius] = scan.padding_hu
    return voxels
