"""A child scanned in any position, slices in any order, pixels of any shape: every organ on its own side and place.

The results are read by programs that nobody here wrote, and compared with the phantom's truth in patient coordinates.
"""

from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.orientation import AxisChange
from pedcontour.phantom import ChildSpec, PatientPosition, Scan, ScanSpec, scan_child
from pedcontour.volume import FloatArray, LabelMap
from tests.made_series import IDENTITY, POSITIONS
from tests.outside_readers import READERS, centroid_mm

CHILD = ChildSpec(seed=3, age_years=4)

SHAPES: dict[str, tuple[tuple[float, float], tuple[int, int]]] = {
    "square pixels": ((5.0, 5.0), (52, 52)),
    "oblong pixels": ((4.0, 5.5), (66, 48)),
}
"""Pixel spacing in mm and matrix, (rows, columns), of a patient on the back."""

ON_THEIR_SIDE = {"Liver": -1, "Kidney_R": -1, "Lung_R": -1, "Spleen": 1, "Kidney_L": 1, "Lung_L": 1}
"""Sign of the way from the spinal cord along x, which points to the patient's left."""


@cache
def _scan(position: PatientPosition, shape: str) -> Scan:
    turned = POSITIONS[position][0] == 0  # lying on a side: rows run from front to back
    rows_first = slice(None, None, -1 if turned else 1)
    spacing_mm, matrix = SHAPES[shape]
    spec = ScanSpec(
        spacing_mm=spacing_mm[rows_first],
        matrix=matrix[rows_first],
        slice_spacing_mm=11.0,
        patient_position=position,
        couch=False,
        noise_hu=0.0,
    )
    return scan_child(CHILD, spec)


def _stored(scan: Scan, descending: bool) -> Scan:
    """The same scan with its slices in the other order, voxel for voxel."""
    change = AxisChange((0, 1, 2), (descending, False, False))
    return Scan(change.volume(scan.image), change.label_map(scan.truth), scan.patient_position)


@pytest.mark.slow
@pytest.mark.parametrize(("position", "descending", "shape"), list(product(POSITIONS, (False, True), SHAPES)))
def test_every_organ_lies_where_it_is_in_both_files(
    tmp_path: Path, position: PatientPosition, descending: bool, shape: str
) -> None:
    scan = _stored(_scan(position, shape), descending)
    files = write_ct_series(scan.image, tmp_path / "ct", SyntheticStudy(patient_position=position, shuffled=True))
    series = read_series(files).series
    flipped = not scan.truth.grid.same_place(series.volume.grid)
    voxels = np.ascontiguousarray(scan.truth.voxels[::-1] if flipped else scan.truth.voxels)
    labels = LabelMap(series.volume.grid, voxels, scan.truth.organs)
    result = ContouredSeries(series, labels, rois_of(labels, labels.organs.values()), IDENTITY)
    assert len(result.rois) >= 17
    for name, write in WRITERS.items():
        write(result, tmp_path / f"{name}.dcm")
    check_read_back(result, {name: tmp_path / f"{name}.dcm" for name in WRITERS})
    truth = {roi.name: centroid_mm((scan.truth.mask(roi.organ.id), scan.truth.grid)) for roi in result.rois}
    for name, read in READERS.items():
        (tmp_path / name).mkdir()
        masks = read(tmp_path / f"{name}.dcm", tmp_path / "ct", tmp_path / name)
        found = {roi: centroid_mm(placed) for roi, placed in masks.items()}
        assert set(found) == set(truth)
        for roi, centre_mm in truth.items():
            assert _voxels_apart(found[roi], centre_mm, scan) < 1, (name, roi)
        for roi, side in ON_THEIR_SIDE.items():
            assert (found[roi] - found["SpinalCord"])[0] * side > 0, (name, roi)


def _voxels_apart(one_mm: FloatArray, other_mm: FloatArray, scan: Scan) -> float:
    grid = scan.truth.grid
    return float(np.abs(grid.to_index(one_mm) - grid.to_index(other_mm)).max())


def test_the_positions_really_differ() -> None:
    """Guards the matrix above against passing because every scan came out alike."""
    orientations = set()
    for position in POSITIONS:
        affine = _scan(position, "oblong pixels").image.grid.affine  # type: ignore[arg-type]
        orientations.add(tuple(np.sign(affine[:3, :3]).astype(int).ravel().tolist()))
    assert len(orientations) == 8
