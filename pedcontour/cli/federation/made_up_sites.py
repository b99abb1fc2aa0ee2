"""Made-up hospitals for a simulation: small nnU-Net datasets of synthetic children, each site with its own scanner."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.children import ChildMix, random_child, random_scan
from pedcontour.phantom import scan_child
from pedcontour.training.dataset import write_raw_dataset

SPACING_MM = 5.0
SLICE_SPACING_MM = (5.0, 6.0)
"""By site: coarse, so that a few cases are made and trained on within minutes by two cores."""


def write_made_up_site(folder: Path, place: int, cases: int) -> Path:
    """Write the dataset of the site in that place (from 0); the same place gives the same children."""
    names = (f"child_{place}_{number:02d}" for number in range(cases))
    recipes = ((name, partial(_case, name, 1000 * (place + 1) + number)) for number, name in enumerate(names))
    write_raw_dataset(folder, [(name, partial(make, place)) for name, make in recipes])
    return folder


def _case(name: str, seed: int, place: int) -> TrainingCase:
    rng = np.random.default_rng(seed)
    mix = ChildMix(contrast=place % 2, short_stack=0.0, wide_roll=0.0)
    child = random_child(seed, rng, mix)
    slices_mm = SLICE_SPACING_MM[place % len(SLICE_SPACING_MM)]
    scan = replace(random_scan(seed, rng, mix), spacing_mm=(SPACING_MM, SPACING_MM), slice_spacing_mm=slices_mm)
    scanned = scan_child(child, scan)
    return TrainingCase(name, scanned.image, scanned.truth)
