"""The use case: one CT series in, contours with a verdict for every organ out, checked before anyone sees them."""

from pedcontour.contour.files import ContourJob, ContourOutcome, contour_files
from pedcontour.contour.report import Report
from pedcontour.contour.request import ContourRequest, check_request
from pedcontour.contour.stages import StageProgress

__all__ = [
    "ContourJob",
    "ContourOutcome",
    "ContourRequest",
    "Report",
    "StageProgress",
    "check_request",
    "contour_files",
]
