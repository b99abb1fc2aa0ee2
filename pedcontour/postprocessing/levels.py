"""Which part of the trunk the images show, judged by the organs that were drawn.

It answers one question: when an organ was not drawn, could it have been in the images at all? Heights are counted in
vertebral levels from the head down: 1 is T1, 12 is T12, 13 is L1, 18 is S1; 0 and below is the neck.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pedcontour.organs import all_organs
from pedcontour.postprocessing.findings import Finding

SPANS: Mapping[str, tuple[float, float]] = {
    "lung_right": (1.0, 11.5),
    "lung_left": (1.0, 11.5),
    "esophagus": (-1.0, 11.0),
    "heart": (5.0, 9.5),
    "liver": (9.0, 15.0),
    "inferior_vena_cava": (9.5, 17.0),
    "spleen": (10.0, 13.5),
    "stomach_bowel": (10.0, 21.0),
    "kidney_left": (12.0, 15.5),
    "aorta_abdominal": (12.0, 17.0),
    "kidney_right": (12.5, 16.0),
    "iliopsoas_left": (13.0, 24.0),
    "iliopsoas_right": (13.0, 24.0),
    "pancreas": (13.0, 15.0),
    "gallbladder": (13.5, 15.5),
    "spinal_cord": (-7.0, 14.0),
    "autochthon_left": (-5.0, 20.0),
    "autochthon_right": (-5.0, 20.0),
    "vertebrae": (-7.0, 18.0),
}
"""Top and bottom vertebral level of each organ in usual supine anatomy (textbook surface anatomy; good to about a
level)."""

POOR_LANDMARKS = frozenset(
    {"stomach_bowel", "vertebrae", "spinal_cord", "autochthon_left", "autochthon_right", "esophagus", "gallbladder"}
)
"""Organs whose ends vary by several levels, or are drawn to different ends: a cord is often drawn on as the canal."""

LEVEL_PER_DIAMETER = 0.11
"""Height of one vertebral level over the trunk's effective diameter: about 20 mm / 170 mm at six years, 29 / 280 in
adults."""

LEVEL_RANGE = (0.65, 1.5)
"""How far, as a factor, the drawn organs may move the level height from that first guess."""

SHARE_IN_VIEW = 0.5
"""An organ counts as shown when at least this share of its usual span lies within the images."""


LEVEL_ERROR = 0.5
"""Half a level at either end of the images is not counted as shown: the estimate is no better than that."""


@dataclass(frozen=True)
class Coverage:
    """The vertebral levels that the images reach: ``top`` towards the head (the smaller number) to ``bottom``.

    ``level_mm`` is the height of one level in this patient.
    """

    top: float
    bottom: float
    level_mm: float

    def share_of(self, organ: str, found: Mapping[str, Finding]) -> float | None:
        """Which share (0 to 1) of an organ's usual span the images surely hold; None for an organ of unknown span.

        Where the organ of the other side was drawn, as much of this one's place is in the images as of that one.
        """
        if organ not in SPANS:
            return None
        top, bottom = SPANS[organ]
        shown = min(bottom, self.bottom - LEVEL_ERROR) - max(top, self.top + LEVEL_ERROR)
        twin = found.get(twin_of(organ) or "")
        seen_of_twin = (twin.head_mm - twin.feet_mm) / self.level_mm if twin else 0.0
        return min(1.0, max(0.0, shown, seen_of_twin) / (bottom - top))


def twin_of(organ: str) -> str | None:
    """The same organ of the other side; None for an organ of the middle."""
    here = all_organs()[organ]
    for other in all_organs().values():
        if here.laterality and other.laterality and other.code == here.code and other.id != organ:
            return other.id
    return None


def estimate_coverage(found: Mapping[str, Finding], height_mm: float, diameter_mm: float | None) -> Coverage | None:
    """Estimate the levels that a stack of ``height_mm`` shows, from the organs found in it.

    Ends of organs that lie inside the stack are landmarks; without any, the organs that run through the whole stack say
    between which levels it lies. None when neither is to be had.
    """
    level_mm = LEVEL_PER_DIAMETER * diameter_mm if diameter_mm else None
    landmarks = _landmarks(found)
    if landmarks and level_mm:
        heights, levels = np.array(landmarks).T
        level_mm = _level_height_mm(heights, levels, level_mm)
        feet = float(np.median(levels + heights / level_mm))  # the level at height 0, the stack's lower face
        return Coverage(feet - height_mm / level_mm, feet, level_mm)
    through = [SPANS[o] for o, f in found.items() if o in SPANS and {"head", "feet"} <= f.touches]
    if through and level_mm:
        middle = (max(top for top, _ in through) + min(bottom for _, bottom in through)) / 2
        half = height_mm / level_mm / 2
        return Coverage(middle - half, middle + half, level_mm)
    return None


def _landmarks(found: Mapping[str, Finding]) -> list[tuple[float, float]]:
    """(height above the stack's lower face in mm, level) of every organ end that lies inside the stack."""
    points = []
    for organ, finding in found.items():
        if organ in POOR_LANDMARKS or organ not in SPANS:
            continue
        top, bottom = SPANS[organ]
        if "head" not in finding.touches:
            points.append((finding.head_mm, top))
        if "feet" not in finding.touches:
            points.append((finding.feet_mm, bottom))
    return points


def _level_height_mm(heights: np.ndarray, levels: np.ndarray, guess_mm: float) -> float:
    """The height of one level: the median slope between landmarks at least three levels apart, held near the guess."""
    rise = heights[:, None] - heights[None, :]
    fall = levels[None, :] - levels[:, None]
    far = fall >= 3.0
    if np.count_nonzero(far) < 3:
        return guess_mm
    low, high = LEVEL_RANGE
    return float(np.clip(np.median(rise[far] / fall[far]), low * guess_mm, high * guess_mm))
