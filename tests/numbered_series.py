"""Series that each carry a number in all that places them, so that a result tells which one it was drawn on."""

import io
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom

from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.dicom.seg_reader import seg_frames
from pedcontour.organs import default_labels
from pedcontour.volume import FloatArray, Grid, Volume
from tests.stand_ins.model import FIRST_SHADE_HU, SHADE_STEP_HU, shaded_torso

LABEL = next(label for label, organ in default_labels().items() if organ == "liver")

TOLERANCE_MM = 0.25
"""Neighbouring numbers lie 1 mm apart along x and z; the middle of a block of voxels is exact in both files."""


@dataclass(frozen=True)
class NumberedSeries:
    """Of number n: patient, study, frame of reference and every UID, size of the images, and place in the room."""

    number: int

    @cached_property
    def study(self) -> SyntheticStudy:
        """Who and what it says to be."""
        return SyntheticStudy(seed=self.number)

    @cached_property
    def volume(self) -> Volume:
        """The torso of the stand-in network, in images of a size and at a place of its own."""
        hundreds, rest = divmod(self.number, 100)
        tens, ones = divmod(rest, 10)
        torso = shaded_torso(9 + hundreds, 64 + 2 * tens, 72 + 2 * ones)
        affine = torso.grid.affine.copy()
        affine[:3, 3] += (self.number, 0, -self.number)
        return Volume(Grid(torso.grid.shape, affine), torso.voxels)

    @cached_property
    def middle_mm(self) -> FloatArray:
        """The middle of the liver, LPS."""
        painted = self.volume.voxels == FIRST_SHADE_HU + SHADE_STEP_HU * LABEL
        return self.volume.grid.to_lps_mm(np.argwhere(painted).mean(axis=0))

    @cached_property
    def uids(self) -> set[str]:
        """SOP Instance UIDs of its images."""
        return {str(pydicom.dcmread(io.BytesIO(image)).SOPInstanceUID) for image in self.images}

    @cached_property
    def images(self) -> tuple[bytes, ...]:
        """Its files."""
        with TemporaryDirectory() as folder:
            return tuple(file.read_bytes() for file in write_ct_series(self.volume, Path(folder), self.study))

    def strangers_in(self, results: bytes) -> list[str]:
        """What in the zip of a job's results does not belong to this series."""
        with zipfile.ZipFile(io.BytesIO(results)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        rtstruct, seg = (pydicom.dcmread(io.BytesIO(files[name])) for name in ("rtstruct.dcm", "seg.dcm"))
        checks = {
            "patient of the RTSTRUCT": rtstruct.PatientID == f"PHANTOM-{self.number}",
            "patient of the SEG": seg.PatientID == f"PHANTOM-{self.number}",
            "study of the RTSTRUCT": rtstruct.StudyInstanceUID == self.study.uid("study"),
            "study of the SEG": seg.StudyInstanceUID == self.study.uid("study"),
            "frame of reference of the RTSTRUCT": self._is_frame(rtstruct.ReferencedFrameOfReferenceSequence[0]),
            "frame of reference of the SEG": self._is_frame(seg),
            "images of the RTSTRUCT": _referenced(rtstruct) == self.uids,
            "images of the SEG": {frame.source_uid for frame in seg_frames(seg)} <= self.uids,
            "size of the SEG": (seg.Rows, seg.Columns) == self.volume.grid.shape[1:],
            "place in the RTSTRUCT": self._is_here(_middle_of_contours(rtstruct)),
            "place in the SEG": self._is_here(_middle_of_segment(seg)),
            "report": self._is_reported(json.loads(files["report.json"])),
        }
        return [name for name, is_right in checks.items() if not is_right]

    def _is_frame(self, item: pydicom.Dataset) -> bool:
        return str(item.FrameOfReferenceUID) == self.study.uid("frame of reference")

    def _is_here(self, middle_mm: FloatArray) -> bool:
        return bool(np.abs(middle_mm - self.middle_mm).max() < TOLERANCE_MM)

    def _is_reported(self, report: dict[str, dict[str, object]]) -> bool:
        told, shape = report["input"], list(self.volume.grid.shape)
        return told["study_instance_uid"] == self.study.uid("study") and report["geometry"]["shape"] == shape


def _referenced(rtstruct: pydicom.Dataset) -> set[str]:
    study = rtstruct.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    images = study.RTReferencedSeriesSequence[0].ContourImageSequence
    return {str(image.ReferencedSOPInstanceUID) for image in images}


def _middle_of_contours(rtstruct: pydicom.Dataset) -> FloatArray:
    (roi,) = (item for item in rtstruct.ROIContourSequence if item.ReferencedROINumber == LABEL)
    points = np.concatenate([np.reshape(contour.ContourData, (-1, 3)).astype(float) for contour in roi.ContourSequence])
    middle: FloatArray = (points.min(axis=0) + points.max(axis=0)) / 2
    return middle


def _middle_of_segment(seg: pydicom.Dataset) -> FloatArray:
    points = []
    for frame in seg_frames(seg):
        if frame.segment == LABEL:
            first, across, down = frame.corners_mm
            rows, columns = np.nonzero(frame.mask)
            steps = (across - first) / (seg.Columns - 1), (down - first) / (seg.Rows - 1)
            points.append(first + np.outer(columns, steps[0]) + np.outer(rows, steps[1]))
    middle: FloatArray = np.concatenate(points).mean(axis=0)
    return middle
