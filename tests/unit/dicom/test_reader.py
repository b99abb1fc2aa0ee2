"""The reader: what real uploads hold is sorted out or refused by name, and hostile files never break it."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset

from pedcontour.dicom.reader import Intake, read_series
from pedcontour.errors import (
    FrameOfReferenceMissingError,
    GantryTiltError,
    GeometryMissingError,
    InputError,
    InstanceDamagedError,
    MixedSeriesError,
    NotCtError,
    OrientationUnsupportedError,
    PatientMixedError,
    RescaleMissingError,
    SlicesDuplicatedError,
    SlicesMissingError,
    StoreError,
    UidMissingError,
    UploadEmptyError,
)
from tests.unit.dicom.series_on_disk import HFS, POSITIONS, affine_of, edit, instance_uids, random_volume, write_series

CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)


def ignored_codes(intake: Intake) -> dict[str, int]:
    return {ignored.code: ignored.count for ignored in intake.ignored}


@given(order=st.permutations(range(6)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_in_any_order_give_the_same_volume(tmp_path: Path, order: list[int]) -> None:
    files = sorted(tmp_path.glob("*.dcm")) or write_series(tmp_path, shuffled=True)
    intake, sorted_intake = read_series([files[n] for n in order]), read_series(files)
    assert np.array_equal(intake.series.volume.voxels, sorted_intake.series.volume.voxels)
    assert intake.series.volume.grid.same_place(sorted_intake.series.volume.grid)
    assert intake.series.instance_uids == sorted_intake.series.instance_uids


def test_headers_follow_the_slices_and_keep_everything_that_results_quote(tmp_path: Path) -> None:
    files = write_series(tmp_path)

    def describe(image: pydicom.Dataset) -> None:
        image.SpecificCharacterSet = "ISO_IR 100"
        image.PatientComments = "größer"
        image.ProcedureCodeSequence = [pydicom.Dataset()]
        image.ProcedureCodeSequence[0].CodeMeaning = "CT"
        image.add_new(0x00091001, "LO", "private")

    edit(files, describe)
    series = read_series(files[::-1]).series
    assert list(series.instance_uids) == instance_uids(files)
    assert [header.ImagePositionPatient[2] for header in series.headers] == [700.125 + 2.5 * k for k in range(6)]
    header = series.headers[0]
    assert header.get_item("PatientComments").value == "größer".encode("latin-1")
    assert header.SpecificCharacterSet == "ISO_IR 100"
    assert header.ProcedureCodeSequence[0].CodeMeaning == "CT"
    assert "PixelData" not in header
    assert not any(element.tag.is_private for element in header)


# --- found in real files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", ["HFP", "FFP", "HFDL", "HFDR", "FFDL", "FFDR"])
def test_prone_and_decubitus_series_are_read_where_they_lie(tmp_path: Path, position: str) -> None:
    written = random_volume(affine_of(POSITIONS[position]))
    volume = read_series(write_series(tmp_path, written, patient_position=position)).series.volume
    assert volume.grid.same_place(written.grid)
    assert np.array_equal(volume.voxels, written.voxels)


def test_a_missing_patient_position_does_not_matter(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: delattr(image, "PatientPosition"))
    assert read_series(files).series.volume.grid.same_place(random_volume().grid)


def test_localizers_and_dose_pages_of_the_same_series_are_left_out(tmp_path: Path) -> None:
    files = write_series(tmp_path / "axial")
    scout = write_series(tmp_path / "scout", random_volume(affine_of(CORONAL), (1, 9, 9)), series_number=2)
    page = write_series(tmp_path / "page", random_volume(shape=(1, 9, 9)), series_number=3)
    own = pydicom.dcmread(files[0]).SeriesInstanceUID

    def into_series(image: pydicom.Dataset) -> None:
        image.SeriesInstanceUID = own

    edit([*scout, *page], into_series)
    edit(scout, lambda image: setattr(image, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    edit(page, lambda image: setattr(image, "ImageType", ["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"]))
    intake = read_series([*scout, *page, *files])
    assert list(intake.series.instance_uids) == instance_uids(files)
    assert [(left.code, left.count, left.uids) for left in intake.ignored] == [
        ("DOSE_PAGE", 1, tuple(instance_uids(page))),
        ("LOCALIZER", 1, tuple(instance_uids(scout))),
    ]


def test_two_studies_of_one_patient_are_not_chosen_between(tmp_path: Path) -> None:
    first = write_series(tmp_path / "a", seed=1)
    second = write_series(tmp_path / "b", seed=2)
    edit(second, lambda image: setattr(image, "PatientID", "PHANTOM-1"))
    uids = [str(pydicom.dcmread(files[0]).SeriesInstanceUID) for files in (first, second)]
    with pytest.raises(MixedSeriesError) as refusal:
        read_series([*first, *second])
    assert all(f"{uid}: 6 slices" in refusal.value.detail for uid in uids)
    intake = read_series([*first, *second], series_uid=uids[1])
    assert intake.series.series_uid == uids[1]
    assert ignored_codes(intake) == {"SERIES_NOT_CHOSEN": 6}


def test_a_series_that_is_not_there_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(NotCtError, match=r"1\.2\.3"):
        read_series(write_series(tmp_path), series_uid="1.2.3")
    with pytest.raises(NotCtError) as refusal:
        read_series(write_series(tmp_path), series_uid="Name^Of^Someone")
    assert "Someone" not in str(refusal.value)


@pytest.mark.parametrize("orientation", [CORONAL, SAGITTAL])
def test_reformats_labelled_axial_give_way_to_the_axial_series(tmp_path: Path, orientation: tuple[int, ...]) -> None:
    files = write_series(tmp_path / "axial")
    reformat = write_series(tmp_path / "reformat", random_volume(affine_of(orientation)), series_number=2)
    assert pydicom.dcmread(reformat[0]).ImageType == ["ORIGINAL", "PRIMARY", "AXIAL"]
    intake = read_series([*reformat, *files])
    assert list(intake.series.instance_uids) == instance_uids(files)
    assert ignored_codes(intake) == {"ORIENTATION_UNSUPPORTED": 6}
    with pytest.raises(OrientationUnsupportedError):
        read_series(reformat)


def test_an_axial_reformat_gives_way_but_is_read_when_it_is_all_there_is(tmp_path: Path) -> None:
    files = write_series(tmp_path / "axial")
    reformat = write_series(tmp_path / "reformat", random_volume(seed=1), series_number=2)
    edit(reformat, lambda image: setattr(image, "ImageType", ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MPR"]))
    assert ignored_codes(read_series([*reformat, *files])) == {"REFORMAT": 6}
    assert list(read_series(reformat).series.instance_uids) == instance_uids(reformat)


def test_slices_that_watch_for_contrast_agent_give_way(tmp_path: Path) -> None:
    files = write_series(tmp_path / "axial")
    watch = write_series(tmp_path / "watch", series_number=2)
    edit(watch, lambda image: setattr(image, "ImagePositionPatient", ["0", "0", "710"]))
    assert ignored_codes(read_series([*files, *watch])) == {"TOO_FEW_SLICES": 6}
    with pytest.raises(SlicesDuplicatedError):
        read_series(watch)


def test_thickness_is_not_spacing(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: setattr(image, "SliceThickness", "5"))
    edit(files, lambda image: setattr(image, "SpacingBetweenSlices", "1"))
    assert read_series(files).series.volume.grid.spacing_mm[0] == pytest.approx(2.5)


def test_a_second_copy_of_an_instance_is_left_out(tmp_path: Path) -> None:
    files = write_series(tmp_path / "series")
    same_bytes = Path(shutil.copy(files[2], tmp_path / "copy.dcm"))
    same_pixels = Path(shutil.copy(files[4], tmp_path / "compressed.dcm"))
    edit([same_pixels], lambda image: image.compress(pydicom.uid.RLELossless, generate_instance_uid=False))
    intake = read_series([same_bytes, same_pixels, *files])
    assert list(intake.series.instance_uids) == instance_uids(files)
    assert [(left.code, set(left.uids)) for left in intake.ignored] == [
        ("DUPLICATE_INSTANCE", {instance_uids(files)[2], instance_uids(files)[4]})
    ]


def move(image: pydicom.Dataset) -> None:
    image.ImagePositionPatient[2] += 1


def paint(image: pydicom.Dataset) -> None:
    image.PixelData = bytes(len(image.PixelData))


@pytest.mark.parametrize("change", [move, paint])
def test_two_slices_under_one_uid_are_refused(tmp_path: Path, change: Callable[[pydicom.Dataset], None]) -> None:
    files = write_series(tmp_path / "series")
    other = Path(shutil.copy(files[2], tmp_path / "other.dcm"))
    edit([other], change)
    with pytest.raises(SlicesDuplicatedError) as refusal:
        read_series([other, *files])
    assert refusal.value.instance_uids == (instance_uids(files)[2],)


def test_two_reconstructions_in_one_series_are_refused(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a")
    again = write_series(tmp_path / "b", random_volume(seed=9), series_number=2)
    own = pydicom.dcmread(files[0]).SeriesInstanceUID
    edit(again, lambda image: setattr(image, "SeriesInstanceUID", own))
    with pytest.raises(SlicesDuplicatedError) as refusal:
        read_series([*files, *again])
    assert set(refusal.value.instance_uids) == {*instance_uids(files), *instance_uids(again)}


def test_a_missing_slice_is_named_by_its_neighbours(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    with pytest.raises(SlicesMissingError) as refusal:
        read_series([*files[:3], *files[4:]])
    assert refusal.value.instance_uids == (instance_uids(files)[2], instance_uids(files)[4])


def test_a_tilted_gantry_is_refused_with_its_angle(tmp_path: Path) -> None:
    affine = affine_of(HFS)
    affine[:3, 0] = [0, 2.5 * np.tan(np.radians(14)), 2.5]
    with pytest.raises(GantryTiltError, match=r"14\.00 degrees"):
        read_series(write_series(tmp_path, random_volume(affine)))


def test_a_whole_series_without_rescale_is_refused(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: delattr(image, "RescaleSlope"))
    with pytest.raises(RescaleMissingError) as refusal:
        read_series(files)
    assert list(refusal.value.instance_uids) == instance_uids(files)


def test_structures_and_plans_of_another_patient_in_the_folder_are_left_out(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    other = write_foreign_object(tmp_path / "other.dcm")
    (tmp_path / "readme.txt").write_text("not an image")
    (tmp_path / ".hidden").write_bytes(b"")
    intake = read_series([*files, other, tmp_path / "readme.txt", tmp_path / ".hidden"])
    assert {(left.code, left.reason, left.count, left.uids) for left in intake.ignored} == {
        ("NOT_CT", "another kind of object than a CT image (RTSTRUCT)", 1, ("1.2.3.4",)),
        ("NOT_DICOM", "not a readable DICOM file", 2, ()),
    }


def test_a_folder_without_ct_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(NotCtError, match="1 NOT_CT"):
        read_series([write_foreign_object(tmp_path / "other.dcm")])


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(UploadEmptyError):
        read_series([])


# --- identity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID"])
def test_a_series_of_two_patients_or_studies_is_refused_without_naming_them(tmp_path: Path, keyword: str) -> None:
    files = write_series(tmp_path)
    edit(files[1:3], lambda image: setattr(image, keyword, "19990909"))
    with pytest.raises(PatientMixedError) as refusal:
        read_series(files)
    assert refusal.value.instance_uids == tuple(sorted(instance_uids(files)[1:3]))
    assert "19990909" not in str(refusal.value)


@pytest.mark.parametrize("value", [None, "", "../../etc/passwd", "1.2.3x"])
def test_frame_of_reference_must_be_there(tmp_path: Path, value: str | None) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: raw_uid(image, "FrameOfReferenceUID", value))
    with pytest.raises(FrameOfReferenceMissingError, match="missing"):
        read_series(files)


def test_frame_of_reference_must_be_one(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    edit(files[:1], lambda image: setattr(image, "FrameOfReferenceUID", "1.2.3"))
    with pytest.raises(FrameOfReferenceMissingError, match="differs") as refusal:
        read_series(files)
    assert refusal.value.instance_uids == (instance_uids(files)[0],)


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
@pytest.mark.parametrize("value", ["", "../../../../etc/cron.d/x", "1" * 65])
def test_empty_and_malformed_uids_are_refused_and_never_repeated(tmp_path: Path, keyword: str, value: str) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: raw_uid(image, keyword, value))
    error = NotCtError if keyword == "SOPClassUID" and value else UidMissingError
    with pytest.raises(error) as refusal:
        read_series(files)
    assert "cron" not in str(refusal.value)
    assert all("cron" not in uid for uid in refusal.value.instance_uids)


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows"])
def test_missing_geometry_names_its_slice(tmp_path: Path, keyword: str) -> None:
    files = write_series(tmp_path)
    edit(files[2:3], lambda image: delattr(image, keyword))
    with pytest.raises(GeometryMissingError) as refusal:
        read_series(files)
    assert refusal.value.instance_uids == (instance_uids(files)[2],)


@pytest.mark.parametrize("value", [b"1e999\\nan ", b"nan\\nan ", b"0\\0 ", b"-1\\1", b"1 ", b"1\\2\\3 ", b"one\\two "])
def test_spacing_that_is_no_spacing_is_refused(tmp_path: Path, value: bytes) -> None:
    files = write_series(tmp_path)
    for file in files[:1]:
        content = file.read_bytes()
        at = content.index(b"\x28\x00\x30\x00DS")
        length = int.from_bytes(content[at + 6 : at + 8], "little")
        file.write_bytes(
            content[: at + 6] + len(value).to_bytes(2, "little") + value + content[at + 8 + length :],
        )
    with pytest.raises(GeometryMissingError) as refusal:
        read_series(files)
    assert refusal.value.instance_uids == (instance_uids(files)[0],)


# --- hostile files -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """The files of a small series, explicit and implicit: what is to be damaged, written once."""
    explicit = write_series(tmp_path_factory.mktemp("explicit"), random_volume(shape=(3, 5, 7)))
    implicit = write_series(tmp_path_factory.mktemp("implicit"), random_volume(shape=(3, 5, 7)))
    for file in implicit:
        image = pydicom.dcmread(file)
        image.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        image.save_as(file, implicit_vr=True)
    return {"explicit": [f.read_bytes() for f in explicit], "implicit": [f.read_bytes() for f in implicit]}


@given(share=st.floats(0, 1), which=st.integers(0, 2), encoding=st.sampled_from(["explicit", "implicit"]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_file_is_ignored_or_refused(
    tmp_path: Path, pristine: dict[str, list[bytes]], share: float, which: int, encoding: str
) -> None:
    contents = list(pristine[encoding])
    contents[which] = contents[which][: int(share * len(contents[which]))]
    read_or_refuse(tmp_path, contents)


@given(
    places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), min_size=1, max_size=6),
    encoding=st.sampled_from(["explicit", "implicit"]),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_damage_is_ignored_or_refused(
    tmp_path: Path, pristine: dict[str, list[bytes]], places: list[tuple[float, bytes]], encoding: str
) -> None:
    contents = list(pristine[encoding])
    damaged = bytearray(contents[1])
    for share, damage in places:
        at = 132 + int(share * (len(damaged) - 132))
        damaged[at : at + len(damage)] = damage
    contents[1] = bytes(damaged)
    read_or_refuse(tmp_path, contents)


@given(content=st.binary(max_size=400), start=st.sampled_from([b"", b"\x08\x00\x05\x00CS", bytes(128) + b"DICM"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_ignored(tmp_path: Path, content: bytes, start: bytes) -> None:
    file = tmp_path / "noise"
    file.write_bytes(start + content)
    with pytest.raises(NotCtError):
        read_series([file])


@pytest.mark.parametrize("cut", [0, 80, 132, 140, 300, 400, 500, 600, 700, 800, 1000, -200, -71, -1])
@pytest.mark.parametrize("encoding", ["explicit", "implicit"])
def test_an_end_slice_that_is_cut_off_anywhere_is_never_left_out(
    tmp_path: Path, pristine: dict[str, list[bytes]], encoding: str, cut: int
) -> None:
    """Two slices are left, whose geometry tells of nothing."""
    with pytest.raises(InputError) as refusal:
        read_or_refuse(tmp_path, [*pristine[encoding][:2], pristine[encoding][2][:cut]], suppressed=())
    assert refusal.value.code in {"INSTANCE_DAMAGED", "PIXELS_UNDECODABLE", "GEOMETRY_MISSING", "UID_MISSING"} | {
        "RESCALE_MISSING",
        "PATIENT_MIXED",
        "FRAME_OF_REFERENCE_MISSING",
    }


def test_an_end_slice_cut_off_at_any_byte_is_never_left_out(tmp_path: Path, pristine: dict[str, list[bytes]]) -> None:
    for cut in range(0, len(pristine["explicit"][2]), 7):
        with pytest.raises(InputError):
            read_or_refuse(tmp_path, [*pristine["explicit"][:2], pristine["explicit"][2][:cut]], suppressed=())


def test_a_damaged_file_is_named_by_its_place_and_uid(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    uid = instance_uids(files)[-1]
    content = files[-1].read_bytes()
    files[-1].write_bytes(content[: content.index(b"\x08\x00\x60\x00CS")])
    with pytest.raises(InstanceDamagedError) as refusal:
        read_series(files)
    assert refusal.value.instance_uids == (uid,)
    assert refusal.value.detail == "1 of 6 files: number 6 of those given"
    assert files[-1].name not in refusal.value.detail


def test_a_damaged_object_of_another_kind_is_left_out(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    other = write_foreign_object(tmp_path / "rs.dcm")
    other.write_bytes(other.read_bytes()[:300])
    assert read_series([*files, other]).series.volume.grid.shape[0] == len(files)


def test_files_that_the_disk_does_not_give_are_not_ignored(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    for missing in (tmp_path, tmp_path / "gone.dcm"):
        with pytest.raises(StoreError):
            read_series([*files, missing])


def read_or_refuse(
    folder: Path, contents: list[bytes], suppressed: tuple[type[InputError], ...] = (InputError,)
) -> None:
    files = [folder / f"{n}.dcm" for n in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    with contextlib.suppress(*suppressed):
        read_series(files)


def raw_uid(image: pydicom.Dataset, keyword: str, value: str | None) -> None:
    """Set a UID that pydicom would refuse to write."""
    tag = pydicom.datadict.tag_for_keyword(keyword)
    assert tag is not None
    if value is None:
        del image[tag]
        return
    text = value.encode() + (b"\0" if len(value) % 2 else b"")
    image[tag] = pydicom.dataelem.RawDataElement(pydicom.tag.Tag(tag), "UI", len(text), text, 0, False, True)


def write_foreign_object(file: Path, **elements: Any) -> Path:
    """An RTSTRUCT of somebody else."""
    structures = pydicom.Dataset()
    structures.file_meta = FileMetaDataset()
    structures.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    structures.SOPClassUID = structures.file_meta.MediaStorageSOPClassUID = pydicom.uid.RTStructureSetStorage
    structures.SOPInstanceUID = structures.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    structures.Modality = "RTSTRUCT"
    structures.PatientID = "SOMEBODY-ELSE"
    structures.StructureSetLabel = "OTHER"
    structures.save_as(file, enforce_file_format=True)
    return file
