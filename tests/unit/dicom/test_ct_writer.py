"""The CT writer: what it writes is valid, and reads back as what went in."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from pedcontour.dicom.ct_writer import ds_text
from pedcontour.dicom.reader import read_series
from pedcontour.volume import Grid, Volume
from tests.outside_tools import dcentvfy_complaints, run
from tests.unit.dicom.series_on_disk import POSITIONS, affine_of, random_volume, write_series


@pytest.mark.parametrize("against_normal", [False, True], ids=["with the normal", "against the normal"])
@pytest.mark.parametrize("position", POSITIONS)
def test_every_patient_position_reads_back_in_its_place(tmp_path: Path, position: str, against_normal: bool) -> None:
    affine = affine_of(POSITIONS[position], (2.513, 0.7123456789, 1.1 / 3), (-123.456789012345, 1 / 3, 777.7777777))
    if against_normal:
        affine[:3, 0] *= -1
    written = random_volume(affine)
    files = write_series(tmp_path, written, patient_position=position, shuffled=True)
    read = read_series(sorted(files)).series.volume
    if against_normal:  # the reader counts slices along the normal
        back = np.diag([-1.0, 1.0, 1.0, 1.0])
        back[0, 3] = written.grid.shape[0] - 1
        read = Volume(Grid(read.grid.shape, read.grid.affine @ back), read.voxels[::-1])
    assert read.grid.same_place(written.grid)
    assert np.array_equal(read.voxels, written.voxels)


@pytest.mark.parametrize("age", [0.1, 1.5, 12.0])
def test_validators_find_no_error(tmp_path: Path, age: float) -> None:
    files = write_series(tmp_path, age_years=age, contrast=True, weight_kg=4.2, height_m=0.61)
    for file in files:
        said = run("dciodvfy", "-new", file).stderr
        assert "CTImage" in said
        assert "Error" not in said
    assert dcentvfy_complaints(files) == []


def test_same_seed_gives_same_files_and_another_seed_another_patient(tmp_path: Path) -> None:
    first, again = write_series(tmp_path / "a", seed=1), write_series(tmp_path / "b", seed=1)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    one, other = pydicom.dcmread(first[0]), pydicom.dcmread(write_series(tmp_path / "c", seed=2)[0])
    for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        assert one[keyword].value != other[keyword].value


def test_second_series_shares_patient_study_and_frame_of_reference(tmp_path: Path) -> None:
    one = pydicom.dcmread(write_series(tmp_path / "a", series_number=1)[0])
    other = pydicom.dcmread(write_series(tmp_path / "b", series_number=2)[0])
    assert one.StudyInstanceUID == other.StudyInstanceUID
    assert one.FrameOfReferenceUID == other.FrameOfReferenceUID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID


def test_values_beyond_the_scale_are_clipped_and_fractions_rounded(tmp_path: Path) -> None:
    voxels = np.array([[[-3000.0, -0.6], [0.4, 90000.0]]] * 2, dtype=np.float32)
    files = write_series(tmp_path, Volume(Grid((2, 2, 2), affine_of(POSITIONS["HFS"])), voxels))
    assert read_series(files).series.volume.voxels[0].tolist() == [[-1024, -1], [0, 32767]]


@pytest.mark.parametrize("number", [0.0, -0.0, 1 / 3, -123.456789012345678, 1e-9, -1e-16, 1e6 / 7, -99999.999999999])
def test_decimal_strings_fit_and_keep_micrometres(number: float) -> None:
    text = ds_text(number)
    assert len(text) <= 16
    assert float(text) == pytest.approx(number, abs=1e-9)
