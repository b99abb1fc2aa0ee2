"""What every output format is written from: the images, the labels, the regions to show, and who made them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.origin import NETWORK, Origin
from pedcontour.dicom.rois import Roi
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import NothingDrawnError
from pedcontour.outputs import OutputStyle
from pedcontour.volume import Box, LabelMap

GENERIC = OutputStyle()
"""The style where none is asked for."""


@dataclass(frozen=True, eq=False)
class ContouredSeries:
    """A CT series with its contours, ready to be written in any format.

    ``labels`` lies on the grid of ``series``; ``rois`` are the regions to write, each with at least one voxel. Labels
    that no region names are not written. ``origin`` says what made the contours, a network unless told otherwise.
    ``style`` is how they are written; ``empty`` are regions without voxels that a structure set shall name too.

    Raises ``NothingDrawnError`` when ``rois`` is empty: neither format can hold nothing. Raises ``ValueError`` when
    the parts do not fit together, which only a mistake in the calling code can cause.
    """

    series: CtSeries
    labels: LabelMap
    rois: tuple[Roi, ...]
    identity: ResultIdentity
    origin: Origin = NETWORK
    style: OutputStyle = GENERIC
    empty: tuple[Roi, ...] = ()

    def __post_init__(self) -> None:
        if not self.rois:
            raise NothingDrawnError
        if not self.labels.grid.same_place(self.series.volume.grid):
            raise ValueError("the labels do not lie on the grid of the series")
        names = [roi.name.casefold() for roi in self.named]
        longest = self.style.name_length
        if len(set(names)) < len(names) or max(map(len, names)) > longest:
            raise ValueError(f"ROI names must differ when case is ignored and have at most {longest} characters")
        for roi in self.named:
            numbers = self.labels.review if roi.review else self.labels.organs
            if numbers.get(roi.number) != roi.organ.id:
                raise ValueError(f"label {roi.number} is not {roi.organ.id}")
        for roi in self.rois:
            if roi.number not in self.labels.boxes:
                raise ValueError(f"{roi.organ.id} has no voxel")

    @property
    def named(self) -> tuple[Roi, ...]:
        """Every region that a structure set names, by number: those with voxels and those without."""
        return tuple(sorted((*self.rois, *self.empty), key=lambda roi: roi.number))

    def masks(self) -> Iterator[tuple[Roi, Box, npt.NDArray[np.bool_]]]:
        """Every region with its box and its mask in that box, axes ``(k, j, i)``, one at a time to spare memory."""
        for roi in self.rois:
            box = self.labels.boxes[roi.number]
            yield roi, box, self.labels.voxels[box] == roi.number
