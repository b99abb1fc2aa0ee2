"""Contours, our own and others', become the masks that they enclose."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread

from pedcontour.dicom.rasterise import rasterise_rtstruct
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rtstruct import build_rtstruct, write_rtstruct
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import StructureSetError
from pedcontour.volume import FloatArray, Grid, Volume
from tests.made_series import POSITIONS, bodies, ds, grid_for, made_result, made_series, oblique_orientation

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
SERIES = made_series(GRID)


@pytest.mark.parametrize("case", ["STS_002", "STS_010"])
def test_the_reference_masks_of_ibsi_are_reproduced_voxel_by_voxel(samples: Path, case: str) -> None:
    folder = samples / "ibsi-sts" / case
    series = read_series(sorted((folder / "image").iterdir())).series
    masks = rasterise_rtstruct(dcmread(folder / "mask" / "RS.dcm"), series)
    reference = sitk.GetArrayFromImage(sitk.ReadImage(folder / "nifti" / "CT_mask.nii.gz")) > 0
    assert (masks["GTV_Mass_CT"] == reference).all()


@pytest.mark.parametrize("orientation", [*POSITIONS.values(), oblique_orientation()])
@pytest.mark.parametrize("spacing_mm", [(9.0, 3.0, 3.0), (7.0, 2.2, 3.9)])
def test_our_own_contours_come_back_voxel_by_voxel(
    tmp_path: Path, orientation: tuple[float, ...], spacing_mm: tuple[float, float, float]
) -> None:
    grid = grid_for((13, 42, 47), spacing_mm, orientation)
    voxels, series = bodies(grid), made_series(grid)
    result = made_result(series, voxels)
    write_rtstruct(result, tmp_path / "rtstruct.dcm")
    masks = rasterise_rtstruct(dcmread(tmp_path / "rtstruct.dcm"), series)
    assert set(masks) == {roi.name for roi in result.rois}
    for roi in result.rois:
        assert (masks[roi.name] == (voxels == roi.number)).all()


def test_slices_that_stray_from_an_even_stack_keep_their_contours() -> None:
    voxels = bodies(GRID)
    headers = made_series(GRID).headers
    for k, header in enumerate(headers):
        stray_mm = np.array([0.09, -0.09, 0.08]) * (-1) ** k
        header.ImagePositionPatient = [ds(v) for v in GRID.to_lps_mm((k, 0, 0)) + stray_mm]
    series = CtSeries(Volume(GRID, np.zeros(GRID.shape, np.int16)), headers)
    masks = rasterise_rtstruct(build_rtstruct(made_result(series, voxels)), series)
    assert (masks["Kidney_L"] == (voxels == 3)).all()


def _structure_set(*contours: Dataset) -> Dataset:
    structure = Dataset()
    structure.ROINumber, structure.ROIName = 1, "Liver"
    shown = Dataset()
    shown.ReferencedROINumber, shown.ContourSequence = 1, list(contours)
    rtstruct = Dataset()
    rtstruct.StructureSetROISequence, rtstruct.ROIContourSequence = [structure], [shown]
    return rtstruct


def _contour(k: float, ring: FloatArray | None = None, kind: str = "CLOSED_PLANAR", grid: Grid = GRID) -> Dataset:
    ring = np.array([[9.5, 9.5], [9.5, 14.5], [12.5, 14.5], [12.5, 9.5]]) if ring is None else ring
    contour = Dataset()
    contour.ContourGeometricType = kind
    lps = grid.to_lps_mm(np.column_stack((np.full(len(ring), k), ring)))
    contour.ContourData = [ds(v) for v in lps.ravel()]
    return contour


def test_a_contour_fills_its_slice_and_no_other() -> None:
    mask = rasterise_rtstruct(_structure_set(_contour(4)), SERIES)["Liver"]
    assert mask.sum() == mask[4, 10:13, 10:15].sum() == 15


def test_points_and_open_lines_enclose_nothing() -> None:
    rtstruct = _structure_set(_contour(4, kind="POINT"), _contour(4, kind="OPEN_PLANAR"))
    assert not rasterise_rtstruct(rtstruct, SERIES)["Liver"].any()


def test_a_contour_beyond_the_edge_is_cut_off() -> None:
    ring = np.array([[-8.0, -9.0], [-8.0, 1.5], [2.5, 1.5], [2.5, -9.0]])
    mask = rasterise_rtstruct(_structure_set(_contour(0, ring)), SERIES)["Liver"]
    assert mask.sum() == mask[0, :3, :2].sum() == 6


def test_a_contour_of_another_slice_than_it_names_is_refused() -> None:
    contour = _contour(4)
    image = Dataset()
    image.ReferencedSOPInstanceUID = SERIES.instance_uids[5]
    contour.ContourImageSequence = [image]
    with pytest.raises(StructureSetError, match="slice that it names"):
        rasterise_rtstruct(_structure_set(contour), SERIES)


@pytest.mark.parametrize("k", [4.4, -1.0, 12.0])
def test_a_contour_between_or_beyond_the_slices_is_refused(k: float) -> None:
    with pytest.raises(StructureSetError, match="slice of the series"):
        rasterise_rtstruct(_structure_set(_contour(k)), SERIES)


def test_a_contour_far_away_is_refused_before_it_takes_memory() -> None:
    with pytest.raises(StructureSetError, match="far outside"):
        rasterise_rtstruct(_structure_set(_contour(4, np.array([[0, 0], [0, 1e9], [1e9, 0.0]]))), SERIES)


@pytest.mark.parametrize("data", [[], ["1", "2", "3"], ["1", "2", "3", "4"] * 3 + ["5"], ["nan"] * 9])
def test_coordinates_that_make_no_polygon_are_refused(data: list[str]) -> None:
    contour = _contour(4)
    contour.ContourData = data
    with pytest.raises(StructureSetError, match="three or more points"):
        rasterise_rtstruct(_structure_set(contour), SERIES)


def test_two_regions_of_one_name_are_refused() -> None:
    rtstruct = _structure_set(_contour(4))
    twin = Dataset()
    twin.ROINumber, twin.ROIName = 2, "Liver"
    rtstruct.StructureSetROISequence.append(twin)
    with pytest.raises(StructureSetError, match="name of another"):
        rasterise_rtstruct(rtstruct, SERIES)


def test_a_grid_that_is_not_that_of_the_headers_is_refused() -> None:
    mirrored = np.array(GRID.affine)
    mirrored[:3, 2] *= -1
    with pytest.raises(StructureSetError, match="grid"):
        rasterise_rtstruct(
            _structure_set(_contour(4)),
            CtSeries(
                Volume(Grid(GRID.shape, mirrored @ _shift(0, 0, 43)), np.zeros(GRID.shape, np.int16)), SERIES.headers
            ),
        )


def _shift(k: float, j: float, i: float) -> FloatArray:
    shift = np.eye(4)
    shift[:3, 3] = (k, j, i)
    return shift
