"""Where what was drawn lies in the patient: beside the spine, at which level, opposite to what.

The patient's own axes come from the anatomy where they can: the spine lies at the back of the body's middle, as
``sides`` has it. Without a spine, or with it in the middle of the outline, they are those of the header.
"""

from dataclasses import dataclass

import numpy as np

from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import Candidate
from pedcontour.postprocessing.evidence.size import other_side
from pedcontour.postprocessing.findings import stack_height_mm
from pedcontour.postprocessing.levels import SPANS, estimate_coverage, twin_of
from pedcontour.postprocessing.sides import SPINE_DEPTH
from pedcontour.volume import FloatArray

LARGEST_OFFSET = 10.0
"""Offsets end here, in diameters or levels."""


@dataclass(frozen=True, eq=False)
class PatientAxes:
    """``origin_mm`` in the spine, unit vectors to the patient's ``left`` and ``front`` (LPS), and the trunk's
    diameter."""

    origin_mm: FloatArray
    left: FloatArray
    front: FloatArray
    diameter_mm: float

    def offset(self, point_mm: FloatArray, direction: FloatArray) -> float | None:
        """How far a point lies off the spine along a direction, in diameters."""
        return bounded(float((point_mm - self.origin_mm) @ direction) / self.diameter_mm)


def patient_axes(candidate: Candidate) -> PatientAxes | None:
    """The patient's axes; None without a spine or a measured body. The head is where the header says."""
    body, found = candidate.body, candidate.others
    spine = next((found[organ] for organ in ("vertebrae", "spinal_cord") if organ in found), None)
    if spine is None or body.diameter_mm is None or not 0.0 < body.diameter_mm < np.inf:
        return None
    back = np.array([0.0, 1.0, 0.0])
    if body.centre_mm is not None:
        towards = (spine.centre_mm - body.centre_mm) * (1.0, 1.0, 0.0)
        depth = float(np.linalg.norm(towards))
        if depth >= SPINE_DEPTH * body.diameter_mm:
            back = towards / depth
    left: FloatArray = np.cross(back, (0.0, 0.0, 1.0))
    return PatientAxes(spine.centre_mm, left, -back, body.diameter_mm)


def lateral(candidate: Candidate, axes: PatientAxes | None) -> float | None:
    """From the spine to the organ's own side, in trunk diameters: negative on the other side; None for the middle."""
    side = all_organs()[candidate.finding.organ].lies
    if axes is None or side is None:
        return None
    return axes.offset(candidate.finding.centre_mm, axes.left if side == "left" else -axes.left)


def ventral(candidate: Candidate, axes: PatientAxes | None) -> float | None:
    """From the spine to the front, in trunk diameters: a kidney lies beside the spine, bowel far in front of it."""
    return None if axes is None else axes.offset(candidate.finding.centre_mm, axes.front)


def level(candidate: Candidate) -> float | None:
    """How many vertebral levels below its usual place the organ's middle lies, judged by all organs but the pair.

    The usual place is that of left and right together, so that neither side is judged more strictly.
    """
    finding = candidate.finding
    pair = {organ for organ in (finding.organ, twin_of(finding.organ)) if organ in SPANS}
    if not pair:
        return None
    others = {organ: other for organ, other in candidate.others.items() if organ not in pair}
    coverage = estimate_coverage(others, stack_height_mm(candidate.labels), candidate.body.diameter_mm)
    if coverage is None or coverage.level_mm <= 0.0:
        return None
    at = coverage.bottom - (finding.feet_mm + finding.head_mm) / 2.0 / coverage.level_mm
    return bounded(at - float(np.mean([SPANS[organ] for organ in pair if organ])))


def mirror_distance(candidate: Candidate, axes: PatientAxes | None) -> float | None:
    """From the organ's middle to the mirror image of the other side's, in trunk diameters."""
    other = other_side(candidate)
    if axes is None or other is None:
        return None
    across = float((other.centre_mm - axes.origin_mm) @ axes.left)
    image = other.centre_mm - 2.0 * across * axes.left
    return bounded(float(np.linalg.norm(candidate.finding.centre_mm - image)) / axes.diameter_mm)


def psoas_offset(candidate: Candidate) -> float | None:
    """From the middle of the psoas of the organ's own side, across the body, in trunk diameters: a kidney lies beside
    it. None without that muscle, for an organ of the middle, and without a measured body."""
    side = all_organs()[candidate.finding.organ].lies
    psoas, diameter_mm = candidate.others.get(f"iliopsoas_{side}"), candidate.body.diameter_mm
    if psoas is None or diameter_mm is None or not 0.0 < diameter_mm < np.inf:
        return None
    apart = (candidate.finding.centre_mm - psoas.centre_mm)[:2]
    return bounded(float(np.linalg.norm(apart)) / diameter_mm)


def away_from_spine(candidate: Candidate, axes: PatientAxes | None) -> FloatArray | None:
    """The direction across the body, LPS, from the spine to the organ's middle; None in the spine's own line."""
    if axes is None:
        return None
    across = (candidate.finding.centre_mm - axes.origin_mm) * (1.0, 1.0, 0.0)
    length = float(np.linalg.norm(across))
    return across / length if length > 0.0 else None


def bounded(value: float) -> float | None:
    """A finite offset no larger than ``LARGEST_OFFSET``; None for what is not finite."""
    return float(np.clip(value, -LARGEST_OFFSET, LARGEST_OFFSET)) if np.isfinite(value) else None
