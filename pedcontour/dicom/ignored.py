"""What an upload held beside the series that is contoured, in words: told in every report, known without pydicom."""

from dataclasses import dataclass

REASONS = {
    "NOT_DICOM": "not a readable DICOM file",
    "INSTANCE_DAMAGED": "damaged or cut off, and perhaps a slice",
    "DICOMDIR": "a directory of DICOM files",
    "NOT_CT": "another kind of object than a CT image",
    "MULTIFRAME_UNSUPPORTED": "multi-frame CT",
    "LOCALIZER": "a localizer image",
    "DOSE_PAGE": "a dose or protocol page",
    "PROJECTION": "a projection or rendering, not slices in HU",
    "COLOUR": "a colour picture",
    "REFORMAT": "a series derived from another one",
    "ORIENTATION_UNSUPPORTED": "a series that is not axial",
    "GEOMETRY_MISSING": "a series without positions",
    "TOO_FEW_SLICES": "a series with fewer than two positions",
    "SERIES_NOT_CHOSEN": "another CT series than the chosen one",
    "DUPLICATE_INSTANCE": "a second copy of an instance",
}
"""Every code under which something can be ignored. Where an error has the same code, it is raised when nothing else is
left."""


@dataclass(frozen=True)
class Ignored:
    """What was left out: a stable ``code`` of ``REASONS``, a ``reason`` in words, how many files, and their UIDs.

    ``uids`` are SOP Instance UIDs as far as the files have well-formed ones.
    """

    code: str
    reason: str
    count: int
    uids: tuple[str, ...]
