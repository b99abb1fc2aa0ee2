"""A declared absence that the images contradict: it wins, and never silently."""

from pedcontour.organs import all_organs
from pedcontour.postprocessing.findings import Finding

CONTRADICTION_ML = 5.0
CONTRADICTION_CONFIDENCE = 0.8
"""An organ declared absent of which more was drawn, with more mean probability, is a loud warning."""

CONTRADICTION_LARGE_ML = 30.0
"""And one of which this much was drawn, however sure the network was."""


def contradiction(finding: Finding, confidence: float) -> str:
    """The warning about an organ that was declared absent and yet drawn; empty where it is no more than networks draw
    into empty beds."""
    sure = finding.volume_ml > CONTRADICTION_ML and confidence > CONTRADICTION_CONFIDENCE
    if not sure and finding.volume_ml <= CONTRADICTION_LARGE_ML:
        return ""
    return (
        f"DECLARED_ABSENT_BUT_SEEN: {all_organs()[finding.organ].name} was declared absent, yet the network drew "
        f"{finding.volume_ml:.0f} mL there (mean probability {confidence:.2f}). "
        f"It was removed as asked: check the request."
    )
