"""All evidence about one candidate, in one pass over its own small box of the images."""

import numpy as np

from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import Candidate
from pedcontour.postprocessing.borders import share_at_border
from pedcontour.postprocessing.evidence import certainty, form, place, size
from pedcontour.postprocessing.evidence.crop import Crop, crop_to
from pedcontour.postprocessing.evidence.neighbours import MUSCLE, SOLID, nearest, neighbours, rind
from pedcontour.postprocessing.evidence.record import Evidence
from pedcontour.postprocessing.evidence.tissue import median_hu, tissue
from pedcontour.postprocessing.levels import twin_of
from pedcontour.volume import FloatArray, box_around

SAMPLED_VOXELS = 20_000
"""Enough for a median, few enough to take no time."""


def gather_evidence(candidate: Candidate) -> Evidence:
    """Measure everything that ``Evidence`` names; what cannot be known is None. It never raises on any mask."""
    if candidate.finding.organ not in all_organs():
        return Evidence()
    crop, axes = crop_to(candidate), place.patient_axes(candidate)
    measured = {
        "volume_ratio": size.volume_ratio(candidate),
        "age_ratio": size.age_ratio(candidate),
        "other_ratio": size.other_ratio(candidate),
        "probability": certainty.probability(candidate),
        "probability_spread": certainty.probability_spread(candidate),
        "firm_share": certainty.firm_share(candidate),
        "lateral": place.lateral(candidate, axes),
        "ventral": place.ventral(candidate, axes),
        "level": place.level(candidate),
        "mirror_distance": place.mirror_distance(candidate, axes),
        "psoas_offset": place.psoas_offset(candidate),
    }
    away = place.away_from_spine(candidate, axes)
    return Evidence(**measured, **(_of_voxels(candidate, crop, away) if crop is not None else {}))


def _of_voxels(candidate: Candidate, crop: Crop, away: FloatArray | None) -> dict[str, float | None]:
    twin = twin_of(candidate.finding.organ)
    beside, inside, pieces = neighbours(crop, twin), tissue(crop), form.parts(crop)
    hull = form.hull_of(crop)
    return {
        "beside_solid": beside.solid,
        "beside_bowel": beside.bowel,
        "beside_muscle": beside.muscle,
        "beside_other": beside.other,
        "beside_fat": beside.fat,
        "hu_median": inside.median,
        "hu_spread": inside.spread,
        "hu_over_muscle": _difference(inside.median, _hu_of(candidate, *MUSCLE)),
        "hu_from_other": _difference(inside.median, _hu_of(candidate, twin) if twin else None),
        "hu_over_solid": _difference(inside.median, _hu_of(candidate, *nearest(candidate, *SOLID))),
        "hu_over_bowel": _difference(inside.median, _hu_of(candidate, "stomach_bowel")),
        "hu_over_rind": _difference(inside.median, median_hu(crop.image[rind(crop)])),
        "texture": inside.texture,
        "fat_share": inside.fat_share,
        "gas_share": inside.gas_share,
        "elongation": form.elongation(crop),
        "solidity": form.solidity(crop, hull) if hull else None,
        "hilum": float(form.hollow(crop, hull) @ away) if hull and away is not None else None,
        "irregularity": form.irregularity(crop),
        "largest_share": pieces[0] if pieces else None,
        "parts": pieces[1] if pieces else None,
        "border_share": share_at_border(candidate.labels, candidate.finding.organ),
    }


def _hu_of(candidate: Candidate, *organs: str) -> float | None:
    """The median HU of other organs, over a sample of their voxels."""
    labels = candidate.labels
    boxes = {number: box for number, box in labels.boxes.items() if labels.organs.get(number) in organs}
    around = box_around(boxes.values())
    values = candidate.image.voxels[around][np.isin(labels.voxels[around], list(boxes))]
    return median_hu(values[:: max(1, values.size // SAMPLED_VOXELS)])


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
