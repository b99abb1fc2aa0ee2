"""The use case: one CT series in, contours with a verdict for every organ out, checked before anyone sees them.

Its names are loaded when they are asked for: who only checks a request, as the gateway does, never loads what reads
images.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pedcontour.contour.files import ContourJob, ContourOutcome, contour_files
    from pedcontour.contour.report import Report
    from pedcontour.contour.request import ContourRequest, check_request
    from pedcontour.contour.stages import StageProgress

_HOMES = {
    "ContourJob": "files",
    "ContourOutcome": "files",
    "contour_files": "files",
    "Report": "report",
    "ContourRequest": "request",
    "check_request": "request",
    "StageProgress": "stages",
}

__all__ = [
    "ContourJob",
    "ContourOutcome",
    "ContourRequest",
    "Report",
    "StageProgress",
    "check_request",
    "contour_files",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that holds it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
