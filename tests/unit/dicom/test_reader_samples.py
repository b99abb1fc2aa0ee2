"""Every series of the public samples, one row each: what must happen to it happens."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from pedcontour.dicom.reader import read_series
from pedcontour.errors import InputError
from tests.unit.dicom.series_on_disk import edit


@dataclass(frozen=True)
class Accepted:
    """Shape ``(k, j, i)``, spacing in mm in that order, lowest and highest HU, and how many files were ignored why."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    hounsfield: tuple[int, int]
    ignored: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """The code, the files whose SOP Instance UIDs must be named (those of the row when "all"), a part of the detail."""

    code: str
    named: tuple[str, ...] | str = ()
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """Files of ``folder`` that match ``pattern``, read as one upload."""

    folder: str
    expected: Accepted | Refused
    pattern: str = "*"
    series_uid: str | None = None


NOTHING = Refused("NOT_CT", detail="no DICOM files")
MULTIFRAME = Refused("MULTIFRAME_UNSUPPORTED", "all")
CORNERSTONE_SERIES = "1.2.840.113619.2.30.1.1762295590.1623.978668949.890"
CORNERSTONE_NAME = "CTImage.dcm_{}Syntax_1.2.840.10008.1.2.{}.dcm"


def other(count: int = 1) -> Refused:
    return Refused("NOT_CT", detail=f"{count} NOT_CT")


TABLE = [
    # TotalSegmentator: every UID is empty; the rest is NIfTI.
    Row("totalsegmentator", NOTHING),
    Row("totalsegmentator/example_seg_fast", NOTHING),
    Row("totalsegmentator/example_ct_dicom", Refused("UID_MISSING", detail="SOPInstanceUID in 20 of 20")),
    # IBSI: head first and feet first, RTSTRUCT and NIfTI alongside.
    Row("ibsi-sts", NOTHING),
    Row(
        "ibsi-sts/STS_002",
        Accepted((48, 143, 161), (3.27, 0.976562, 0.976562), (-1000, 1156), {"NOT_CT": 1, "NOT_DICOM": 2}),
        "*/*",
    ),
    Row(
        "ibsi-sts/STS_010",
        Accepted((59, 164, 185), (3.27, 0.976562, 0.976562), (-1000, 1537), {"NOT_CT": 1, "NOT_DICOM": 2}),
        "*/*",
    ),
    # dicom2nifti: four slices each, and each wrong in its own way. None has a frame of reference either.
    Row("dicom2nifti-failing/gantrytilting/001", Refused("GANTRY_TILT", "all", "14.00 degrees")),
    Row("dicom2nifti-failing/notavolume/001", Refused("SLICES_DUPLICATED", "all", "4 slices share")),
    Row(
        "dicom2nifti-failing/sliceincrement/001",
        Refused("SLICES_MISSING", ("IM-0001-0009-0001.dcm", "IM-0001-0010-0001.dcm"), "1 missing"),
    ),
    Row("dicom2nifti-failing/sliceincrement/002", Refused("GANTRY_TILT", "all", "15.50 degrees")),
    Row("dicom2nifti-failing/sliceincrement", NOTHING),
    # RayStation: 6 slices of 144, which do lie next to each other.
    Row(
        "segmentation_RT-raystation/cheese_dcm/cheese_dcm_1",
        Accepted((6, 512, 512), (2.0, 0.9765625, 0.9765625), (-1024, 3071), {"NOT_CT": 1}),
    ),
    # rt-utils
    Row("rt-utils/mock_data", Accepted((2, 512, 512), (5.0, 0.488281, 0.488281), (-1024, 125), {"NOT_CT": 3})),
    Row("rt-utils/oriented_data", Refused("PATIENT_MIXED", ("0.dcm", "1.dcm", "2.dcm"), "StudyInstanceUID")),
    Row("rt-utils/one_slice_data", Refused("TOO_FEW_SLICES", "all")),
    Row("rt-utils/empty", other()),
    # dicompyler-core: one slice with its RTSTRUCT and RTPLAN
    Row("dicompyler-core", Refused("TOO_FEW_SLICES", ("ct.0.dcm",))),
    # dcmqi: Rescale Type US in the small series
    Row("dcmqi-segmentations", other(4)),
    Row("dcmqi-segmentations/ct-3slice", Accepted((3, 512, 512), (1.0, 0.810547, 0.810547), (-1024, 1381))),
    *(
        row
        for folder in ("dcmqi-segmentations/23x38x3", "dcmqi-segmentations/24x38x3")
        for row in (
            Row(f"{folder}/image", Refused("RESCALE_MISSING", "all")),
            Row(f"{folder}/multiframe", MULTIFRAME),
            Row(f"{folder}/nrrd", NOTHING),
            Row(f"{folder}/screenshots", NOTHING),
            Row(f"{folder}/seg", other()),
        )
    ),
    # highdicom: one CT slice among SEG, SR, microscopy
    Row("highdicom-test_files", Refused("TOO_FEW_SLICES", ("ct_image.dcm",))),
    # Cornerstone: one slice in many transfer syntaxes, so several candidates and, of one, copies at one position
    Row("cornerstone-ct-transfer-syntaxes", Refused("MIXED_SERIES", detail=f"{CORNERSTONE_SERIES}: 16 slices")),
    Row(
        "cornerstone-ct-transfer-syntaxes",
        Refused(
            "SLICES_DUPLICATED",
            (
                "CTImage.dcm",
                CORNERSTONE_NAME.format("JPEG2000Transfer", "4.91"),
                CORNERSTONE_NAME.format("JPEGLSLossyTransfer", "4.81"),
                CORNERSTONE_NAME.format("JPEGProcess10_12Transfer", "4.55"),
                CORNERSTONE_NAME.format("JPEGProcess1Transfer", "4.50"),
                CORNERSTONE_NAME.format("JPEGProcess2_4Transfer", "4.51"),
                CORNERSTONE_NAME.format("JPEGProcess6_8Transfer", "4.53"),
            ),
        ),
        series_uid=CORNERSTONE_SERIES,
    ),
    Row("cornerstone-ct-transfer-syntaxes", MULTIFRAME, "CT0012*"),
    Row("cornerstone-ct-transfer-syntaxes", other(2), "no-pixel*"),
    Row("cornerstone-ct-transfer-syntaxes/wadors", NOTHING),
    # pydicom's awkward ones: alone, since together several series could be meant
    Row("awkward/pydicom-data", Refused("MIXED_SERIES", detail="no Series Instance UID: 1 slices")),
    Row("awkward/pydicom-data", Refused("TOO_FEW_SLICES", "all"), "693_UNCI.dcm"),
    # The JPEG 2000 file and the raw one of the same instance have the same pixels: a copy, not a second slice.
    Row("awkward/pydicom-data", Refused("TOO_FEW_SLICES", ("693_UNCR.dcm",)), "693_*R.dcm"),
    Row("awkward/pydicom-data", Refused("SLICES_DUPLICATED", ("693_UNCR.dcm", "693_UNCI.dcm")), "693_*"),
    Row("awkward/pydicom-data", Refused("UID_MISSING"), "bad_sequence.dcm"),
    Row("awkward/pydicom-data", MULTIFRAME, "eCT_Supplemental.dcm"),
    Row("awkward/pydicom-data", other(), "emri_small_jpeg_2k_lossless_too_short.dcm"),
    Row("awkward/pydicom-data", Refused("TOO_FEW_SLICES", "all"), "explicit_VR-UN.dcm"),
    Row("awkward/pydicom-data", other(9), "liver*"),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.folder}/{row.pattern}" for row in TABLE])
def test_series_of_the_samples(samples: Path, row: Row) -> None:
    files = files_of(samples, row)
    if isinstance(row.expected, Refused):
        with pytest.raises(InputError) as refusal:
            read_series(files, series_uid=row.series_uid)
        assert refusal.value.code == row.expected.code
        assert row.expected.detail in refusal.value.detail
        named = [file for file in files if row.expected.named == "all" or file.name in row.expected.named]
        assert set(refusal.value.instance_uids) == {uid_in(file) for file in named}
        return
    intake = read_series(files)
    volume = intake.series.volume
    assert volume.grid.shape == row.expected.shape
    assert volume.grid.spacing_mm == pytest.approx(row.expected.spacing_mm, abs=1e-4)
    assert (volume.voxels.min(), volume.voxels.max()) == row.expected.hounsfield
    assert {ignored.code: ignored.count for ignored in intake.ignored} == row.expected.ignored


def test_the_table_leaves_no_file_out(samples: Path) -> None:
    covered = {file for row in TABLE for file in files_of(samples, row)}
    assert {file for file in samples.rglob("*") if file.is_file()} == covered


def test_all_samples_together_name_the_candidates(samples: Path) -> None:
    files = [file for file in samples.rglob("*") if file.is_file()]
    with pytest.raises(InputError) as refusal:
        read_series(files)
    assert refusal.value.code == "MIXED_SERIES"
    assert refusal.value.detail.count("slices") == 12


def test_one_series_of_all_samples_can_be_chosen(samples: Path) -> None:
    slices = files_of(samples, Row("dcmqi-segmentations/ct-3slice", NOTHING))
    everything = [file for file in samples.rglob("*") if file.is_file()]
    chosen = str(pydicom.dcmread(slices[0], stop_before_pixels=True).SeriesInstanceUID)
    intake = read_series(everything, series_uid=chosen)
    assert intake.series.volume.grid.shape == (3, 512, 512)
    assert len(everything) == 3 + sum(ignored.count for ignored in intake.ignored)


def test_a_whole_real_ct_is_read(real_ct: Path) -> None:
    files = [file for file in real_ct.rglob("*") if file.is_file()]
    volume = read_series(files).series.volume
    assert volume.grid.shape == (99, 512, 512)
    # Slices are 5 mm thick and 4.25 mm apart: the distance counts.
    assert volume.grid.spacing_mm == pytest.approx((4.25, 0.976562, 0.976562))
    assert volume.grid.to_lps_mm((0, 0, 0)) == pytest.approx((-250.0, -250.0, -846.25))
    assert (volume.voxels.min(), volume.voxels.max()) == (-1024, 1288)


def test_the_oblique_sample_is_exact_once_it_names_one_study(samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples / "rt-utils/oriented_data", tmp_path, dirs_exist_ok=True)
    files = sorted(tmp_path.glob("*.dcm"))

    def repair(image: pydicom.Dataset) -> None:
        image.StudyInstanceUID = image.FrameOfReferenceUID = "1.2.3"
        image.RescaleType = "HU"

    edit(files, repair)
    volume = read_series(files).series.volume
    assert volume.voxels.dtype == np.float32  # Rescale Slope is .001
    assert volume.grid.shape == (3, 50, 100)
    assert volume.grid.spacing_mm == pytest.approx((4.5, 3.5, 2.5), abs=1e-4)
    # PS3.3 C.7.6.2.1-1 by hand: a column further is 2.5 mm along the row direction.
    assert volume.grid.to_lps_mm((0, 0, 1)) == pytest.approx(
        (123 + 2.5 * 0.9541666, -432.5201893, 30.5377653), abs=1e-5
    )
    assert volume.grid.to_lps_mm((2, 0, 0)) == pytest.approx((122.0159697, -428.1596334, 38.0798058))


@pytest.mark.parametrize("case", ["STS_002", "STS_010"])
def test_an_independent_conversion_shows_the_same_voxels_in_the_same_places(samples: Path, case: str) -> None:
    """IBSI ships each CT as NIfTI too, made by others: head first and feet first."""
    volume = read_series(sorted((samples / "ibsi-sts" / case / "image").iterdir())).series.volume
    theirs = SimpleITK.ReadImage(str(samples / "ibsi-sts" / case / "nifti" / "CT_image.nii.gz"))
    voxels = SimpleITK.GetArrayViewFromImage(theirs)
    assert voxels.size == volume.voxels.size
    for index in np.random.default_rng(0).integers(0, volume.grid.shape, (300, 3)):
        i, j, k = theirs.TransformPhysicalPointToIndex(volume.grid.to_lps_mm(index).tolist())
        assert volume.voxels[tuple(index)] == voxels[k, j, i]
        assert theirs.TransformIndexToPhysicalPoint((i, j, k)) == pytest.approx(volume.grid.to_lps_mm(index), abs=0.01)


def test_an_independent_reader_sees_the_real_ct_alike(real_ct: Path) -> None:
    ours = read_series([file for file in real_ct.rglob("*") if file.is_file()]).series
    reader = SimpleITK.ImageSeriesReader()
    folder = next(file.parent for file in real_ct.rglob("*.dcm"))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    theirs = reader.Execute()
    assert np.array_equal(np.maximum(SimpleITK.GetArrayViewFromImage(theirs), -1024), ours.volume.voxels)
    far = np.array(ours.volume.grid.shape) - 1
    assert theirs.TransformIndexToPhysicalPoint(far[::-1].tolist()) == pytest.approx(ours.volume.grid.to_lps_mm(far))


def files_of(samples: Path, row: Row) -> list[Path]:
    return sorted(file for file in (samples / row.folder).glob(row.pattern) if file.is_file())


def uid_in(file: Path) -> str:
    return str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID)
