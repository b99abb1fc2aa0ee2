"""How large what was drawn is, against what is usual.

Two yardsticks, neither a norm. Body size: the cube of the trunk's effective diameter, with a factor for each organ in
``organs.toml``, our own fit by eye. Age: the reference masses of ICRP Publication 89, rounded and read as mL, as the
phantom uses them (``pedcontour.phantom.growth``). How far real organs scatter around either was not measured here.
"""

import numpy as np

from pedcontour.organs import all_organs
from pedcontour.phantom.growth import VOLUMES_ML, size_at
from pedcontour.postprocessing.absence import Candidate, VolumeForBodySize
from pedcontour.postprocessing.findings import Finding
from pedcontour.postprocessing.levels import twin_of

LARGEST_RATIO = 100.0
"""Ratios end here: beyond it they say no more."""


def volume_ratio(candidate: Candidate) -> float | None:
    """Volume over the expected one for the trunk's diameter; None without a body, or for an organ without a fit."""
    diameter_mm, usual = candidate.body.diameter_mm, all_organs()[candidate.finding.organ].usual_ml_per_mm3
    if diameter_mm is None or usual is None:
        return None
    return _ratio(candidate.finding.volume_ml, VolumeForBodySize(usual).expected_ml(diameter_mm))


def age_ratio(candidate: Candidate) -> float | None:
    """Volume over the usual one at the patient's age; None where the age is not known, or not the organ's growth."""
    kind = candidate.finding.organ.removesuffix("_left").removesuffix("_right")
    if candidate.age_years is None or not np.isfinite(candidate.age_years) or kind not in VOLUMES_ML:
        return None
    return _ratio(candidate.finding.volume_ml, size_at(max(0.0, candidate.age_years)).volumes_ml[kind])


def other_ratio(candidate: Candidate) -> float | None:
    """Volume over that of the organ of the other side; None where that was not drawn."""
    other = other_side(candidate)
    return None if other is None else _ratio(candidate.finding.volume_ml, other.volume_ml)


def other_side(candidate: Candidate) -> Finding | None:
    """What was drawn of the organ of the other side."""
    organ = candidate.finding.organ
    twin = twin_of(organ) if organ in all_organs() else None
    return candidate.others.get(twin) if twin else None


def _ratio(volume_ml: float, usual_ml: float) -> float | None:
    if usual_ml <= 0.0 or not np.isfinite(volume_ml):
        return None
    return float(min(LARGEST_RATIO, max(0.0, volume_ml) / usual_ml))
