"""Children for fitting and judging the absence filter: every kind of kidney and empty bed, by number, in four splits.

Both sides of a child are judged. The side that is out of the ordinary names the group; its other side is ``usual``, or
``hypertrophic`` beside an empty bed or a shrunken kidney.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np

from pedcontour.datasets.children import FIRST_HELD_OUT_SEED, ChildMix, random_scan
from pedcontour.organs import Side
from pedcontour.phantom import BED_FILLINGS, BedSpec, ChildSpec, KidneyCondition, KidneySpec, ScanSpec, kidney_range_mm
from pedcontour.phantom.spec import BedFilling, PatientPosition

Split = Literal["fit", "held_out", "other_scanner", "other_age"]
SPLITS: tuple[Split, ...] = get_args(Split)

FIRST_SEED: Mapping[Split, int] = {
    split: FIRST_HELD_OUT_SEED + 100_000 * number for number, split in enumerate(SPLITS, start=1)
}
"""No network was trained on any of these seeds, and no two splits share one."""

AGES_YEARS: Mapping[Split, tuple[float, float]] = {
    "fit": (1.5, 16.0),
    "held_out": (1.5, 16.0),
    "other_scanner": (1.5, 16.0),
    "other_age": (0.0, 1.5),
}

GROUPS: Mapping[str, float] = {
    "absent": 0.4,
    "usual": 0.12,
    "cut": 0.1,
    "partial": 0.08,
    "pelvic": 0.06,
    "horseshoe": 0.06,
    "atrophic": 0.05,
    "hydronephrotic": 0.05,
    "duplex": 0.04,
    "tumour": 0.04,
}
"""How often each group is drawn. Absent beds are many, since what is drawn into them is rare."""

PLAIN = ChildMix(short_stack=0.0)


@dataclass(frozen=True)
class KidneyCase:
    """A child, how it is scanned, and the group of each side."""

    name: str
    split: Split
    child: ChildSpec
    scan: ScanSpec
    groups: Mapping[Side, str]


def kidney_case(split: Split, number: int) -> KidneyCase:
    """The case of a number, 0 to 99 999, in a split; the same number gives the same case."""
    if not 0 <= number < 100_000:
        raise ValueError(f"a case's number is 0 to 99999, not {number}")
    seed = FIRST_SEED[split] + number
    rng = np.random.default_rng((seed, 5))
    group = str(rng.choice(list(GROUPS), p=np.array(list(GROUPS.values())) / sum(GROUPS.values())))
    side = cast(Side, str(rng.choice(("left", "right"))))
    other: Side = "right" if side == "left" else "left"
    child, own = _child(seed, rng, split, (group, side))
    groups: dict[Side, str] = {side: own, other: child.kidney(other).condition}
    scan = _scan(seed, rng, split)
    if group == "cut":
        scan, groups = _cut(scan, child, rng, side), {side: "cut", other: "cut"}
    return KidneyCase(f"{split}_{number:05d}", split, child, scan, groups)


def _child(seed: int, rng: np.random.Generator, split: Split, place: tuple[str, Side]) -> tuple[ChildSpec, str]:
    """A child whose kidney of that side is of that group, and the group's full name."""
    group, side = place
    child = ChildSpec(
        seed=seed,
        age_years=float(rng.uniform(*AGES_YEARS[split])),
        contrast=bool(rng.random() < 0.6),
        fatness=float(np.exp(rng.normal(0.0, 0.35)).clip(0.4, 2.5)),
    )
    grown = KidneySpec("hypertrophic", float(rng.random())) if rng.random() < 0.6 else KidneySpec()
    if group == "absent":
        filling = cast(BedFilling, str(rng.choice(BED_FILLINGS[side])))
        nodule = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.25 else 0.0
        bed = BedSpec(int(rng.integers(0, 8)), bool(rng.random() < 0.5), nodule)
        child = replace(child, absent_kidney=side, bed_filling=filling, bed=bed)
        return _with_kidneys(child, {"left" if side == "right" else "right": grown}), f"absent/{filling}"
    condition = cast(KidneyCondition, "usual" if group in ("usual", "cut") else group)
    spec = KidneySpec(condition, float(rng.random()))
    if condition == "horseshoe":
        return _with_kidneys(child, {"left": spec, "right": spec}), group
    beside: dict[Side, KidneySpec] = {side: spec}
    if condition in ("atrophic", "partial"):
        beside["left" if side == "right" else "right"] = grown
    return _with_kidneys(child, beside), condition


def _with_kidneys(child: ChildSpec, kidneys: Mapping[Side, KidneySpec]) -> ChildSpec:
    return replace(
        child,
        left_kidney=kidneys.get("left", child.left_kidney),
        right_kidney=kidneys.get("right", child.right_kidney),
    )


def _scan(seed: int, rng: np.random.Generator, split: Split) -> ScanSpec:
    """Any position, roll and dose; another scanner is sharper, noisier, in thicker slices, and pads its circle."""
    position = cast(PatientPosition, str(rng.choice(get_args(PatientPosition))))
    scan = replace(random_scan(seed, rng, PLAIN), patient_position=position)
    if split != "other_scanner":
        return scan
    return replace(
        scan,
        kernel="sharp",
        noise_hu=float(rng.uniform(25.0, 55.0)),
        slice_spacing_mm=float(rng.choice((5.0, 6.0, 8.0))),
        padding_hu=-2000,
    )


def _cut(scan: ScanSpec, child: ChildSpec, rng: np.random.Generator, side: Side) -> ScanSpec:
    """A stack that ends within the kidney, above or below."""
    low, high = kidney_range_mm(child, side)
    ends_at = low + float(rng.uniform(0.1, 0.9)) * (high - low)
    reach = float(rng.uniform(120.0, 220.0))
    return replace(scan, z_range_mm=(ends_at, ends_at + reach) if rng.random() < 0.5 else (ends_at - reach, ends_at))
