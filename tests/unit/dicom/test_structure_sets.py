"""Structure sets of others: all their contours or a refusal, whatever the bytes are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom import Dataset, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.dicom.structure_sets import StructureSet, read_structure_set
from pedcontour.errors import StructureSetError
from pedcontour.outputs import OutputStyle
from tests.made_collection import contours_of, edit
from tests.made_series import POSITIONS, bodies, grid_for, made_result, made_series, oblique_orientation

GRID = grid_for((10, 30, 32), (10.0, 4.0, 4.0))
SERIES = made_series(GRID)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rs.dcm"
    write_rtstruct(made_result(SERIES, bodies(GRID)), file)
    return file


def drawn(structure_set: StructureSet) -> npt.NDArray[np.uint8]:
    """Every region as a label of its own number."""
    voxels = np.zeros(GRID.shape, np.uint8)
    for roi in structure_set.masks({roi.number for roi in structure_set.rois}, SERIES):
        voxels[roi.box][roi.mask] = roi.number
    return voxels


def test_a_structure_set_tells_what_it_refers_to_and_what_it_names(path: Path) -> None:
    read = read_structure_set(path)
    assert read.series == {SERIES.series_uid} and read.frames == {SERIES.frame_of_reference_uid}
    assert read.images == set(SERIES.instance_uids)
    assert [roi.name for roi in read.rois] == ["Spleen", "Kidney_R", "Kidney_L", "Liver", "Bowel+Stomach", "SpinalCord"]
    assert all(roi.contours > 0 and roi.specks == 0 for roi in read.rois)
    assert np.array_equal(drawn(read), bodies(GRID))


def _written_anew(path: Path, syntax: str) -> None:
    """Write a file again in another transfer syntax; pydicom converts no bytes that it has not parsed."""
    dataset = dcmread(path)
    fresh = Dataset.from_json(dataset.to_json())
    fresh.file_meta = dataset.file_meta
    fresh.file_meta.TransferSyntaxUID = syntax
    fresh.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_transfer_syntax_is_read(path: Path, syntax: str) -> None:
    _written_anew(path, syntax)
    assert np.array_equal(drawn(read_structure_set(path)), bodies(GRID))


def test_a_file_without_preamble_is_read(path: Path) -> None:
    dataset = dcmread(path)
    del dataset.file_meta
    dataset.preamble = None
    dataset.save_as(path, implicit_vr=True)
    assert not path.read_bytes()[128:].startswith(b"DICM")
    assert np.array_equal(drawn(read_structure_set(path)), bodies(GRID))


def test_names_are_read_in_their_own_character_set(path: Path) -> None:
    def rename(rtstruct: Dataset) -> None:
        rtstruct.SpecificCharacterSet = "ISO_IR 100"
        rtstruct.StructureSetROISequence[0].ROIName = "Speiseröhre"

    edit(path, rename)
    assert read_structure_set(path).rois[0].name == "Speiseröhre"


def test_contours_of_one_or_two_points_are_counted_and_passed_over(path: Path) -> None:
    def prick(rtstruct: Dataset) -> None:
        speck = Dataset()
        speck.ContourGeometricType, speck.ContourData = "CLOSED_PLANAR", [1.0, 2.0, 3.0]
        contours_of(rtstruct, "Liver").ContourSequence.append(speck)

    edit(path, prick)
    read = read_structure_set(path)
    assert [roi.specks for roi in read.rois if roi.name == "Liver"] == [1]
    assert np.array_equal(drawn(read), bodies(GRID))


def test_a_region_of_another_frame_of_reference_is_refused_when_it_is_wanted(path: Path) -> None:
    def move(rtstruct: Dataset) -> None:
        rtstruct.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "1.2.3"

    edit(path, move)
    read = read_structure_set(path)
    assert list(read.masks({5}, SERIES))
    with pytest.raises(StructureSetError, match="another frame"):
        list(read.masks({1}, SERIES))


def test_two_rois_of_one_number_are_refused(path: Path) -> None:
    def double(rtstruct: Dataset) -> None:
        rtstruct.StructureSetROISequence[1].ROINumber = 1

    edit(path, double)
    with pytest.raises(StructureSetError, match="one number"):
        read_structure_set(path)


def test_two_lists_of_contours_of_one_roi_are_refused(path: Path) -> None:
    def double(rtstruct: Dataset) -> None:
        rtstruct.ROIContourSequence[1].ReferencedROINumber = 1

    edit(path, double)
    with pytest.raises(StructureSetError, match="two lists"):
        read_structure_set(path)


def test_a_character_set_that_is_a_codec_of_python_is_refused(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b"ISO_IR 192") == 1
    path.write_bytes(content.replace(b"ISO_IR 192", b"zlib      "))
    with pytest.raises(StructureSetError, match="character set"):
        read_structure_set(path)


def test_something_else_is_no_structure_set(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(StructureSetError):
        read_structure_set(tmp_path / "note.txt")


def _small(folder: Path, *, explicit: bool) -> bytes:
    """The bytes of a structure set with one liver of a few contours."""
    voxels = np.where(bodies(GRID) == 3, 3, 0).astype(np.uint8)
    file = folder / f"small-{explicit}.dcm"
    write_rtstruct(made_result(SERIES, voxels), file)
    if explicit:
        _written_anew(file, ExplicitVRLittleEndian)
    return file.read_bytes()


@pytest.fixture(scope="module", params=[False, True], ids=["implicit", "explicit"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bytes]]:
    folder = tmp_path_factory.mktemp("small")
    yield folder / "spoilt.dcm", _small(folder, explicit=request.param)


def _masks_of(path: Path, content: bytes) -> npt.NDArray[np.uint8] | None:
    path.write_bytes(content)
    try:
        return drawn(read_structure_set(path))
    except StructureSetError:
        return None


def test_one_that_is_cut_off_is_refused_or_has_no_contours_at_all(small: tuple[Path, bytes]) -> None:
    path, content = small
    whole = _masks_of(path, content)
    assert whole is not None and whole.any()
    last = content.rindex(b"CLOSED_PLANAR")
    for length in (*range(last - 40, last + 60), *range(200, len(content), 211)):
        got = _masks_of(path, content[:length])
        # Cut between two elements of the top level, a file is whole as far as it can tell: with all contours, or none.
        assert got is None or not got.any() or np.array_equal(got, whole), length


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_are_refused_or_read_and_nothing_else(small: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = small
    spoilt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(132, len(spoilt) - 1))
        kind = data.draw(st.sampled_from(("set", "insert", "delete")))
        byte = data.draw(st.integers(0, 255))
        if kind == "set":
            spoilt[place] = byte
        elif kind == "insert":
            spoilt[place:place] = bytes([byte]) * data.draw(st.integers(1, 9))
        else:
            del spoilt[place : place + data.draw(st.integers(1, 40))]
    _masks_of(path, bytes(spoilt))


def test_sequences_within_sequences_without_end_are_refused_at_once(path: Path) -> None:
    sequence = bytes.fromhex("06301000 ffffffff feff00e0 ffffffff")  # an item of undefined length, and again within it
    path.write_bytes(path.read_bytes() + 50_000 * sequence)
    with pytest.raises(StructureSetError, match="cut off or damaged"):
        read_structure_set(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mask=arrays.arrays(np.bool_, (4, 9, 11)),
    orientation=st.sampled_from([*POSITIONS.values(), oblique_orientation()]),
    style=st.sampled_from([OutputStyle(), OutputStyle(holes="keyhole")]),
)
def test_any_mask_comes_back_voxel_by_voxel_from_rings_and_from_keyholes(
    tmp_path: Path, mask: npt.NDArray[np.bool_], orientation: tuple[float, ...], style: OutputStyle
) -> None:
    if not mask.any():
        return
    series = made_series(grid_for((4, 9, 11), (5.0, 1.5, 2.5), orientation))
    result = made_result(series, np.where(mask, 5, 0).astype(np.uint8))
    write_rtstruct(
        type(result)(result.series, result.labels, result.rois, result.identity, style=style), tmp_path / "r"
    )
    (roi,) = read_structure_set(tmp_path / "r").masks({5}, series)
    back = np.zeros(mask.shape, bool)
    back[roi.box] = roi.mask
    assert np.array_equal(back, mask)
