"""Made-up children as training cases: every age, contrast phase, position, noise, and fields of view cut short."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.surroundings import add_arms
from pedcontour.phantom import ChildSpec, ScanSpec, scan_child
from pedcontour.phantom.spec import BedFilling, Kernel, PatientPosition
from pedcontour.volume import Volume

FIRST_HELD_OUT_SEED = 900_000
"""Seeds from here on are for evaluation: no training uses them."""
WIDE_FIELD_MM = (400.0, 550.0)
"""Width of a planning scanner's full and extended fields of view."""
FILLINGS: dict[str, tuple[BedFilling, ...]] = {
    "left": ("bowel", "spleen", "muscle"),
    "right": ("bowel", "liver", "muscle"),
}
"""Fillings of an empty bed in training; fat and fluid stay unseen, as hard cases for what comes after the network."""
POSITIONS = ("HFS", "HFS", "HFS", "HFP", "FFS", "HFDL", "HFDR")


@dataclass(frozen=True)
class ChildMix:
    """How often, from 0 to 1, a training case is out of the ordinary."""

    contrast: float = 0.6
    nephrectomy: float = 0.25
    short_stack: float = 0.3
    wide_roll: float = 0.12
    wide_field: float = 0.4
    arms: float = 0.5
    """Of the wide fields of view."""


def training_child(seed: int, mix: ChildMix | None = None) -> TrainingCase:
    """One random scan of one random child; the same seed gives the same case.

    Raises ``ValueError`` for a seed kept for evaluation.
    """
    if seed >= FIRST_HELD_OUT_SEED:
        raise ValueError(f"seeds from {FIRST_HELD_OUT_SEED} on are kept for evaluation")
    rng = np.random.default_rng(seed)
    mix = mix or ChildMix()
    child, scan_spec = random_child(seed, rng, mix), random_scan(seed, rng, mix)
    wide = bool(rng.random() < mix.wide_field)
    scan = scan_child(child, _with_room_air(scan_spec, rng) if wide else scan_spec)
    image = _with_arms(scan.image, rng) if wide and rng.random() < mix.arms else scan.image
    return TrainingCase(f"child_{seed:05d}", image, scan.truth)


def _with_room_air(scan: ScanSpec, rng: np.random.Generator) -> ScanSpec:
    """A field of view as wide as planning scanners have: a network that never saw room air calls it lung."""
    pixels = int(rng.uniform(*WIDE_FIELD_MM) / scan.spacing_mm[0])
    return replace(scan, matrix=(pixels, pixels))


def _with_arms(image: Volume, rng: np.random.Generator) -> Volume:
    voxels = image.voxels.astype(np.float32)
    add_arms(voxels, image.grid, rng)
    return Volume(image.grid, np.clip(np.rint(voxels), -1024, 3071).astype(np.int16))


def random_child(seed: int, rng: np.random.Generator, mix: ChildMix) -> ChildSpec:
    """Any age, a quarter after nephrectomy with whatever moved into the bed."""
    absent = rng.choice(("left", "right")) if rng.random() < mix.nephrectomy else None
    filling = str(rng.choice(FILLINGS[absent])) if absent else "bowel"
    return ChildSpec(
        seed=seed,
        age_years=float(rng.uniform(0.0, 18.0)),
        contrast=bool(rng.random() < mix.contrast),
        absent_kidney=absent,
        bed_filling=cast(BedFilling, filling),
        fatness=float(np.exp(rng.normal(0.0, 0.35)).clip(0.4, 2.5)),
    )


def random_scan(seed: int, rng: np.random.Generator, mix: ChildMix) -> ScanSpec:
    """In-plane 2-3.2 mm and slices of 2-5 mm: finer detail would be lost at the network's 3 mm, and cost time."""
    in_plane = float(rng.uniform(2.0, 3.2))
    roll = rng.uniform(-90.0, 90.0) if rng.random() < mix.wide_roll else rng.normal(0.0, 8.0)
    low = float(rng.uniform(-150.0, 120.0))
    cut = (low, low + float(rng.uniform(30.0, 110.0))) if rng.random() < mix.short_stack else None
    return ScanSpec(
        spacing_mm=(in_plane, in_plane),
        slice_spacing_mm=float(rng.choice((2.0, 2.5, 3.0, 3.0, 4.0, 5.0))),
        z_range_mm=cut,
        kernel=cast(Kernel, str(rng.choice(("smooth", "standard", "sharp")))),
        noise_hu=float(np.exp(rng.uniform(np.log(3.0), np.log(30.0)))),
        couch=bool(rng.random() < 0.8),
        patient_position=cast(PatientPosition, str(rng.choice(POSITIONS))),
        roll_deg=float(roll),
        seed=seed,
    )
