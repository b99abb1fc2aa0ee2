"""Is left left? The anatomy that was drawn, compared with what the images' headers say.

The patient's own axes are worked out from the anatomy (the spine lies at the back, lungs and liver lie above kidneys
and psoas), not from the header alone. A mirrored image is therefore found in every position, and a patient lying on
the side is not taken for one.
"""

from collections.abc import Mapping

import numpy as np

from pedcontour.organs import Side, all_organs
from pedcontour.postprocessing.body import Body
from pedcontour.postprocessing.findings import Finding
from pedcontour.postprocessing.levels import SPANS
from pedcontour.volume import FloatArray

LEANS: Mapping[str, Side] = {"heart": "left"}
"""Organs of the middle that lean to one side, beyond what organs.toml says with ``lies``."""

SIDE_MARGIN = 0.03
"""An organ's centre must be off the spine by this share of the body's diameter before its side is judged (about 6
mm)."""

SPINE_DEPTH = 0.08
"""The spine must lie off the body's centre by this share of the diameter before it says where the back is."""

ROLL_WARNING_DEG = 45.0
"""Halfway between supine and lateral: beyond it the patient does not lie as the header says."""

SMALLEST_ML = 1.0
"""Less than a thimble of an organ says nothing about its side."""

HEIGHT_AGREEMENT = 0.7
"""Correlation of organ heights with textbook levels that is needed before head and feet are judged."""


def check_sides(found: Mapping[str, Finding], body: Body) -> tuple[str, ...]:
    """Warnings, each ``CODE: sentence``, where the drawn anatomy and the LPS axes of the images do not fit together.

    ``SIDES_MIRRORED`` and ``SIDE_UNUSUAL`` for left and right, ``HEAD_FEET_REVERSED`` for the slice order,
    ``BODY_ROLLED`` for a patient who does not lie as the header says. Empty when all is well or too little was drawn
    to judge.
    """
    large = {organ: finding for organ, finding in found.items() if finding.volume_ml >= SMALLEST_ML}
    spine = _spine(large)
    if spine is None or body.centre_mm is None or body.diameter_mm is None:
        return ()
    head = _head_direction(large)
    back = (spine - body.centre_mm) * (1.0, 1.0, 0.0)
    depth = float(np.linalg.norm(back))
    warnings = []
    if head < 0:
        warnings.append(
            "HEAD_FEET_REVERSED: The organs' order says that the feet lie where the header puts the head; "
            "check Image Position and Patient Position."
        )
    if depth < SPINE_DEPTH * body.diameter_mm:
        return tuple(warnings)
    roll_deg = float(np.degrees(np.arctan2(back[0], back[1])))
    if abs(roll_deg) > ROLL_WARNING_DEG:
        warnings.append(
            f"BODY_ROLLED: The spine lies {abs(roll_deg):.0f} degrees away from where the header's patient position "
            f"puts the back; sides were judged by the anatomy instead."
        )
    left = np.cross(back / depth, (0.0, 0.0, float(head)))
    return (*warnings, *_side_warnings(large, spine, left, SIDE_MARGIN * body.diameter_mm))


def _side_warnings(
    found: Mapping[str, Finding], spine: FloatArray, left: FloatArray, margin_mm: float
) -> tuple[str, ...]:
    organs = all_organs()
    right_place: list[str] = []
    wrong_place: list[str] = []
    for organ, finding in found.items():
        expected = organs[organ].lies or LEANS.get(organ)
        offset_mm = float((finding.centre_mm - spine) @ left)
        if expected is None or abs(offset_mm) < margin_mm:
            continue
        (right_place if (offset_mm > 0) == (expected == "left") else wrong_place).append(organ)
    if not wrong_place:
        return ()
    names = ", ".join(organs[organ].name for organ in wrong_place)
    if len(wrong_place) > len(right_place):
        return (
            f"SIDES_MIRRORED: Most organs lie on the other side than usual ({names}); the images may be mirrored, "
            f"or the patient has situs inversus. Do not use these contours before it is settled.",
        )
    return (f"SIDE_UNUSUAL: On the other side of the spine than usual: {names}. Please look.",)


def _spine(found: Mapping[str, Finding]) -> FloatArray | None:
    for organ in ("vertebrae", "spinal_cord"):
        if organ in found:
            return found[organ].centre_mm
    return None


def _head_direction(found: Mapping[str, Finding]) -> int:
    """+1 when the head lies towards LPS +z by the organs' order, or when that cannot be told; -1 when it is
    reversed."""
    usable = [organ for organ in found if organ in SPANS and not {"head", "feet"} <= found[organ].touches]
    if len(usable) < 3:
        return 1
    levels = np.array([sum(SPANS[organ]) / 2 for organ in usable])
    heights = np.array([found[organ].centre_mm[2] for organ in usable])
    if np.ptp(levels) < 3.0 or np.ptp(heights) == 0.0:
        return 1
    return -1 if np.corrcoef(levels, -heights)[0, 1] < -HEIGHT_AGREEMENT else 1
