"""Whole children and a real CT through the import: the truth comes out, and nnU-Net takes what is written."""

from pathlib import Path

import numpy as np
import pytest

from pedcontour.cli.phantom import make_phantom
from pedcontour.datasets.annotations import State
from pedcontour.datasets.nifti import read_nifti
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.organs import default_labels
from pedcontour.orientation import AxisChange
from pedcontour.phantom import ChildSpec, ScanSpec
from pedcontour.volume import Grid, LabelMap
from tests.made_collection import bodies, rename
from tests.made_series import IDENTITY
from tests.unit.datasets.collection.conftest import Site

NAMES = {
    "Kidney_R": "kidney-right",
    "Liver": "LIVER",
    "Lung_L": "Left Lung",
    "Lung_R": "Right Lung",
    "Esophagus": "Oesophagus",
    "Gallbladder": "Gall-Bladder",
}


def child_after_nephrectomy(folder: Path) -> tuple[Grid, np.ndarray]:
    """A lateral child whose left kidney was removed, with names as others write them; the truth on the CT's grid."""
    child = ChildSpec(seed=4, age_years=3.0, absent_kidney="left")
    scan = ScanSpec(spacing_mm=(4.0, 4.0), slice_spacing_mm=8.0, patient_position="HFDL", seed=4)
    folder.mkdir(parents=True)
    make_phantom(child, scan, folder)
    rename(folder / "truth-rtstruct.dcm", NAMES)
    truth = np.load(folder / "truth.npz")
    return Grid(truth["labels"].shape, truth["affine"]), truth["labels"]


def test_a_child_on_its_side_without_a_kidney_comes_out_as_it_was_made(site: Site) -> None:
    grid, truth = child_after_nephrectomy(site.source / "child")
    site.rule('absent_if_missing = ["kidney_left", "kidney_right"]')
    (record,) = site.bring_in().records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    change = AxisChange.to_canonical(grid)
    assert labels.grid.same_place(change.grid(grid))
    assert np.array_equal(labels.voxels, change.array(truth))
    assert record.organs.pop("kidney_left").state is State.ABSENT
    assert {own.state for own in record.organs.values()} == {State.ANNOTATED}
    assert record.unknown == ()


def _drawn_in_the_middle(grid: Grid) -> np.ndarray:
    """Organs in a box of 40 slices of 160 x 160, which spares the memory of the coordinates of all others."""
    first = [(have - want) // 2 for have, want in zip(grid.shape, (40, 160, 160), strict=True)]
    shift = np.eye(4)
    shift[:3, 3] = first
    voxels = np.zeros(grid.shape, np.uint8)
    k, j, i = first
    voxels[k : k + 40, j : j + 160, i : i + 160] = bodies(Grid((40, 160, 160), grid.affine @ shift))
    return voxels


def test_contours_on_a_real_ct_come_out_voxel_by_voxel(real_ct: Path, site: Site) -> None:
    site.source.mkdir()
    for number, file in enumerate(sorted(path for path in real_ct.rglob("*") if path.is_file())):
        (site.source / f"{number:04d}").symlink_to(file)
    series = read_series(sorted(site.source.iterdir())).series
    labels = LabelMap(series.volume.grid, _drawn_in_the_middle(series.volume.grid), default_labels())
    result = ContouredSeries(series, labels, rois_of(labels, default_labels().values()), IDENTITY)
    write_rtstruct(result, site.source / "rs.dcm")
    (record,) = site.bring_in().records
    written = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    image = read_nifti(site.target / "imagesTr" / f"{record.case}_0000.nii.gz")
    change = AxisChange.to_canonical(series.volume.grid)
    assert np.array_equal(written.voxels, change.array(labels.voxels))
    assert np.array_equal(image.voxels, change.array(series.volume.voxels))


@pytest.mark.slow
def test_nnunet_finds_nothing_wrong_with_the_data_set(site: Site) -> None:
    child_after_nephrectomy(site.source / "child")
    site.bring_in()
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    verify_dataset_integrity(str(site.target), num_processes=1)
    (case,) = get_filenames_of_train_images_and_targets(str(site.target))
    assert case.startswith("here_")
