"""Every output format, one line each; the conformance suite in ``tests/contract`` runs over all of them."""

from collections.abc import Callable
from pathlib import Path

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.dicom.seg import write_seg

Writer = Callable[[ContouredSeries, Path], None]
"""Writes one file; equal input gives equal bytes."""

WRITERS: dict[str, Writer] = {
    "rtstruct": write_rtstruct,
    "seg": write_seg,
}
"""Writers by the stem of the file they make: ``rtstruct.dcm``, ``seg.dcm``."""
