"""An RTSTRUCT's contours as masks: our own reader, which counts a pixel when at least half of its area lies inside.

That is the rule of the Image Biomarker Standardisation Initiative (IBSI), whose reference masks it reproduces.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from pedcontour.dicom.coverage import covered_area
from pedcontour.dicom.geometry import POSITION_TOLERANCE_MM
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import StructureSetError
from pedcontour.volume import Box, FloatArray, Grid

HALF = 0.5 - 1e-3
"""Least share of a pixel's area that counts as half of it: coordinates are rounded to micrometres, a thousandth of a
pixel."""

PLANE_TOLERANCE = 0.25
"""How far, in slices, a contour may lie from its slice: exporters round positions to 0.1 mm or so; halfway is
nobody's."""

STRAY_TOLERANCE_MM = 2 * POSITION_TOLERANCE_MM
"""How far a slice may lie from its place on the grid; twice what a series is let in with, for the ends of the stack."""

SLAB_PIXELS = 1 << 16
"""Slices are filled together up to so many pixels: areas take eight bytes each, and a few megabytes fit a cache."""

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Contours that enclose an area; points and open lines enclose none and are passed over."""

CONTOUR_DATA = Tag("ContourData")


@dataclass(frozen=True, eq=False)
class RoiMask:
    """One region of an RTSTRUCT on a grid: ``mask`` fills ``box``, axes ``(k, j, i)``; beyond the box it is empty."""

    number: int
    name: str
    box: Box
    mask: npt.NDArray[np.bool_]


def rasterise_rtstruct(rtstruct: Dataset, series: CtSeries) -> dict[str, npt.NDArray[np.bool_]]:
    """Masks on the grid of ``series`` by ROI name, axes ``(k, j, i)``; regions without a closed contour come out empty.

    Raises ``StructureSetError`` as ``rasterise_rois`` does, and when two regions have one name.
    """
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    for roi in rasterise_rois(rtstruct, series):
        if roi.name in masks:
            raise StructureSetError(f"ROI {roi.number} has the name of another")
        masks[roi.name] = np.zeros(series.volume.grid.shape, dtype=bool)
        masks[roi.name][roi.box] = roi.mask
    return masks


def rasterise_rois(rtstruct: Dataset, series: CtSeries, numbers: Collection[int] | None = None) -> Iterator[RoiMask]:
    """The regions of an RTSTRUCT, those of ``numbers`` or else all, one after the other, cut to their own boxes.

    Raises ``StructureSetError`` when a contour does not lie in a slice of the series, lies in another one than the
    instance it names, is tilted, has fewer than three points, or lies far outside the images.
    """
    strays = slice_strays(series)
    slice_of = {uid: k for k, uid in enumerate(series.instance_uids)}
    contours = {int(item.ReferencedROINumber): item for item in rtstruct.get("ROIContourSequence", [])}
    for roi in rtstruct.get("StructureSetROISequence", []):
        number = int(roi.ROINumber)
        if numbers is not None and number not in numbers:
            continue
        rings: list[FloatArray] = []
        planes: list[int] = []
        for contour in contours.get(number, Dataset()).get("ContourSequence", []):
            if contour.ContourGeometricType in CLOSED:
                k, ring = _place(contour, series.volume.grid, strays, slice_of)
                planes.append(k)
                rings.append(ring)
        box, mask = _fill(rings, planes, series.volume.grid.shape)
        yield RoiMask(number, str(roi.ROIName), box, mask)


def contour_points(contour: Dataset) -> FloatArray:
    """ContourData as ``(n, 3)`` LPS mm, straight from its bytes where pydicom has not parsed them yet."""
    element = contour.get_item(CONTOUR_DATA)
    try:
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
            values = np.array(element.value.rstrip(b"\0 ").split(b"\\"), dtype="S").astype(np.float64)
        else:
            values = np.array(contour.get("ContourData", []), dtype=np.float64)
    except (ValueError, TypeError):
        values = np.zeros(0)
    if values.size % 3 or values.size < 9 or not np.isfinite(values).all():
        raise StructureSetError("a closed contour needs three or more points of three finite coordinates")
    return values.reshape(-1, 3)


def slice_strays(series: CtSeries) -> FloatArray:
    """How far each slice lies off its place on the grid, in voxels ``(slice, (k, j, i))``.

    A grid is fitted to slices whose positions scanners round. Raises ``StructureSetError`` when one lies further off
    than the reader of series allows: then the grid is not that of these headers.
    """
    grid = series.volume.grid
    positions = np.array([[float(v) for v in header.ImagePositionPatient] for header in series.headers])
    strays = grid.to_index(positions)
    strays[:, 0] -= np.arange(len(positions))
    if np.abs(strays * grid.spacing_mm).max() > STRAY_TOLERANCE_MM:
        raise StructureSetError("the slices do not lie on the grid")
    return np.asarray(strays)


def _place(contour: Dataset, grid: Grid, strays: FloatArray, slice_of: dict[str, int]) -> tuple[int, FloatArray]:
    """The slice a contour lies in, and its ring in that slice's ``(j, i)``."""
    index = grid.to_index(contour_points(contour))
    k = int(np.clip(np.rint(index[:, 0].mean()), 0, grid.shape[0] - 1))
    index -= strays[k]
    if np.abs(index[:, 0] - k).max() > PLANE_TOLERANCE:
        raise StructureSetError("a contour does not lie in a slice of the series")
    for image in contour.get("ContourImageSequence", []):
        if slice_of.get(str(image.ReferencedSOPInstanceUID), k) != k:
            raise StructureSetError(
                "a contour does not lie in the slice that it names", instance_uids=[str(image.ReferencedSOPInstanceUID)]
            )
    size = np.array(grid.shape[1:])
    if (index[:, 1:] < -size).any() or (index[:, 1:] > 2 * size).any():
        raise StructureSetError("a contour lies far outside the images")
    return k, index[:, 1:]


def _fill(
    rings: Sequence[FloatArray], planes: Sequence[int], shape: tuple[int, int, int]
) -> tuple[Box, npt.NDArray[np.bool_]]:
    if not rings:
        return (slice(0, 0), slice(0, 0), slice(0, 0)), np.zeros((0, 0, 0), dtype=bool)
    points = np.concatenate(rings)
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, shape[1:])
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, low, shape[1:])
    first, last = min(planes), max(planes) + 1
    box = (slice(first, last), slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    size = (last - first, int(high[0] - low[0]), int(high[1] - low[1]))
    mask = np.zeros(size, dtype=bool)
    order = np.argsort(planes, kind="stable")
    ordered = np.asarray(planes)[order] - first
    together = max(1, SLAB_PIXELS // (size[1] * size[2]))
    for start in range(0, size[0], together):
        slab = mask[start : start + together]
        begin, end = np.searchsorted(ordered, (start, start + together)).tolist()
        own = [rings[n] - low for n in order[begin:end].tolist()]
        slab[:] = covered_area(own, (ordered[begin:end] - start).tolist(), slab.shape) >= HALF
    return box, mask
