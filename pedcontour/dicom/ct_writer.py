"""Write a classic CT series from a volume: how phantoms become DICOM, and how tests make what scanners rarely send."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from pedcontour import __version__
from pedcontour.dicom.identity import IMPLEMENTATION_CLASS_UID
from pedcontour.volume import Volume

RESCALE_INTERCEPT_HU = -1024
"""Stored value 0: air at the bottom of the usual CT scale. What lies below is written as this."""

STUDY_DATE = date(2026, 1, 1)
"""Every synthetic study happened on this day, so that the same seed gives the same bytes."""

DAYS_A_YEAR = 365.25

UID_NAMESPACE = uuid.UUID("711c6706-65a4-4910-8773-1eb1c76460ba")
"""Namespace of the name-based UUIDs behind the UIDs (PS3.5 B.2)."""


@dataclass(frozen=True)
class SyntheticStudy:
    """What the headers of a synthetic series say.

    All UIDs are a function of ``seed`` and ``series_number``: one seed is one patient, one study and one frame of
    reference. ``patient_position`` is a label for planning systems only; the grid's affine says where voxels lie.
    ``weight_kg`` and ``height_m`` are left out when None. With ``shuffled``, instance numbers and file names come in
    random order, as a reader must be able to bear.
    """

    seed: int = 0
    patient_position: str = "HFS"
    age_years: float = 6.0
    sex: str = "O"
    weight_kg: float | None = None
    height_m: float | None = None
    contrast: bool = False
    series_number: int = 1
    description: str = "Synthetic child"
    series_description: str = "Synthetic CT"
    shuffled: bool = False

    def uid(self, *purpose: object) -> UID:
        """A UID that depends on the seed and ``purpose`` only."""
        return UID(f"2.25.{uuid.uuid5(UID_NAMESPACE, repr((self.seed, *purpose))).int}")


def write_ct_series(volume: Volume, folder: Path, study: SyntheticStudy | None = None) -> list[Path]:
    """Write one CT Image Storage instance a slice into ``folder``, made if need be; returns the files in order of k.

    ``volume`` is in HU, axes ``(k, j, i)``; it is rounded to whole HU and clipped to the 16 unsigned bits above -1024.
    The grid's affine becomes position, orientation and pixel spacing with all the digits that a DS holds; slices may
    run with or against their normal, and may even be sheared, as a tilted gantry's are.
    """
    study = study or SyntheticStudy()
    folder.mkdir(parents=True, exist_ok=True)
    slices = volume.grid.shape[0]
    numbers = np.random.default_rng(study.seed).permutation(slices) if study.shuffled else np.arange(slices)
    image = _series_header(volume, study)
    files = []
    for k in range(slices):
        number = int(numbers[k]) + 1
        _place_slice(image, volume, study, k, number)
        file = folder / f"CT.{number:04d}.dcm"
        image.save_as(file, enforce_file_format=True)
        files.append(file)
    return files


def ds_text(number: float) -> str:
    """A number as a Decimal String of at most 16 characters (PS3.5 6.2), with as many digits as fit."""
    return format_number_as_ds(float(number) + 0.0)  # + 0.0 turns -0.0 into 0.0


def _series_header(volume: Volume, study: SyntheticStudy) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    image.file_meta.ImplementationVersionName = "PEDCONTOUR"
    image.SpecificCharacterSet = "ISO_IR 192"
    _add_patient_and_study(image, study)
    _add_equipment(image, study)
    _add_plane(image, volume)
    return image


def _add_patient_and_study(image: Dataset, study: SyntheticStudy) -> None:
    image.PatientName = "Phantom^Child"
    image.PatientID = f"PHANTOM-{study.seed}"
    image.PatientBirthDate = (STUDY_DATE - timedelta(days=round(study.age_years * DAYS_A_YEAR))).strftime("%Y%m%d")
    image.PatientSex = study.sex
    image.PatientAge = _age_text(study.age_years)
    image.PatientPosition = study.patient_position
    if study.weight_kg is not None:
        image.PatientWeight = ds_text(study.weight_kg)
    if study.height_m is not None:
        image.PatientSize = ds_text(study.height_m)
    image.StudyInstanceUID = study.uid("study")
    image.SeriesInstanceUID = study.uid("series", study.series_number)
    image.FrameOfReferenceUID = study.uid("frame of reference")
    image.PositionReferenceIndicator = ""
    image.StudyID = "1"
    image.SeriesNumber = study.series_number
    image.AcquisitionNumber = 1
    image.AccessionNumber = ""
    image.ReferringPhysicianName = ""
    image.StudyDescription = study.description
    image.SeriesDescription = study.series_description
    for event in ("Study", "Series", "Acquisition", "Content"):
        setattr(image, f"{event}Date", STUDY_DATE.strftime("%Y%m%d"))
        setattr(image, f"{event}Time", "120000")


def _age_text(years: float) -> str:
    """An Age String: days, months or years, whichever says a child's age with two digits or more."""
    days = years * DAYS_A_YEAR
    if days < 90:
        return f"{int(days):03d}D"
    if years < 3:
        return f"{int(years * 12):03d}M"
    return f"{int(years):03d}Y"


def _add_equipment(image: Dataset, study: SyntheticStudy) -> None:
    image.SOPClassUID = CTImageStorage
    image.Modality = "CT"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.Manufacturer = "pedcontour synthetic"
    image.ManufacturerModelName = "Synthetic scanner"
    image.SoftwareVersions = f"pedcontour {__version__}"
    image.KVP = "100"
    image.BodyPartExamined = "ABDOMEN"
    if study.contrast:
        image.ContrastBolusAgent = "Synthetic"
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit = 15
    image.PixelRepresentation = 0
    image.RescaleIntercept = str(RESCALE_INTERCEPT_HU)
    image.RescaleSlope = "1"
    image.RescaleType = "HU"
    image.WindowCenter = "40"
    image.WindowWidth = "400"


def _add_plane(image: Dataset, volume: Volume) -> None:
    directions, (slice_mm, row_mm, column_mm) = volume.grid.directions, volume.grid.spacing_mm
    _, image.Rows, image.Columns = volume.grid.shape
    # Image Orientation: first the direction in which the column index grows (i), then that of the row index (j).
    image.ImageOrientationPatient = [ds_text(n) for n in (*directions[:, 2], *directions[:, 1])]
    image.PixelSpacing = [ds_text(row_mm), ds_text(column_mm)]
    image.SliceThickness = ds_text(slice_mm)


def _place_slice(image: Dataset, volume: Volume, study: SyntheticStudy, k: int, number: int) -> None:
    position = volume.grid.to_lps_mm((k, 0, 0))
    normal = np.cross(volume.grid.directions[:, 2], volume.grid.directions[:, 1])
    uid = study.uid("instance", study.series_number, k)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
    image.file_meta.MediaStorageSOPClassUID = CTImageStorage
    image.InstanceNumber = number
    image.ImagePositionPatient = [ds_text(n) for n in position]
    image.SliceLocation = ds_text(float(position @ normal))
    image.PixelData = _stored(volume.voxels[k]).tobytes()
    image["PixelData"].VR = "OW"


def _stored(hounsfield: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    shifted = np.rint(hounsfield).astype(np.int64) - RESCALE_INTERCEPT_HU
    stored: npt.NDArray[np.uint16] = np.clip(shifted, 0, 65535).astype("<u2")
    return stored
