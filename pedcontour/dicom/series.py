"""A CT series as the rest of the project sees it: a volume, and the headers that results must quote."""

from dataclasses import dataclass
from functools import cached_property

from pydicom import Dataset

from pedcontour.volume import Volume


@dataclass(frozen=True, eq=False)
class CtSeries:
    """A checked CT series on its scanner's own grid.

    ``volume`` holds Hounsfield units, axes ``(slice, row, column)``, slices ordered along the slice normal (the
    cross product of the row and the column direction), whatever their instance numbers say. ``headers[k]`` is the
    data set of slice ``k`` without its pixels. All headers share patient, study, series and frame of reference: the
    reader has checked it.
    """

    volume: Volume
    headers: tuple[Dataset, ...]

    @property
    def series_uid(self) -> str:
        """Series Instance UID."""
        return str(self.headers[0].SeriesInstanceUID)

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return str(self.headers[0].StudyInstanceUID)

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID."""
        return str(self.headers[0].FrameOfReferenceUID)

    @cached_property
    def instance_uids(self) -> tuple[str, ...]:
        """SOP Instance UIDs in slice order."""
        return tuple(str(header.SOPInstanceUID) for header in self.headers)
