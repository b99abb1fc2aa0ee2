"""Two made-up hospitals whose patients, scanners and contours differ, as those of two real ones do.

Both draw on the same two sources of shapes, phantoms and variations of one labelled torso. A variation has the voxels
of ``WarpSpec``; scanners differ in the noise on it, and patients in size, contrast agent, kidneys and roll.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pedcontour.datasets.annotations import CaseAnnotation, State
from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.children import FIRST_HELD_OUT_SEED, ChildMix, random_child, random_scan
from pedcontour.datasets.torso import TorsoTemplate, WarpSpec, warp_torso
from pedcontour.organs import all_organs, default_labels
from pedcontour.phantom import Kernel, ScanSpec, scan_child
from pedcontour.volume import LabelMap

MOST_PATIENTS = 10_000
"""Of each source of shapes: no two hospitals share a seed."""


@dataclass(frozen=True)
class Scanner:
    """What a hospital's scans are like: each value is drawn from these, noise in HU evenly by its logarithm."""

    kernels: tuple[Kernel, ...]
    noise_hu: tuple[float, float]
    slice_spacing_mm: tuple[float, ...]
    in_plane_mm: tuple[float, float]


@dataclass(frozen=True)
class Hospital:
    """A hospital: whom it treats, how it scans, what it contours.

    ``ages_years`` is the youngest, most frequent and oldest age. ``contrast`` and ``nephrectomy`` are shares of its
    patients. ``rolls`` are ranges in degrees, one as likely as the other, positive from the patient's left to the back.
    ``torso_scale`` is how large a variation of the torso is. ``unannotated`` are organs that nobody contours there.
    """

    name: str
    first_seed: int
    scanner: Scanner
    ages_years: tuple[float, float, float]
    contrast: float
    nephrectomy: float
    rolls: tuple[tuple[float, float], ...]
    torso_scale: tuple[float, float]
    unannotated: frozenset[str]


HOSPITAL_A = Hospital(
    name="hospital-a",
    first_seed=600_000,
    scanner=Scanner(("smooth", "standard"), (3.0, 9.0), (2.0, 2.5, 3.0), (2.0, 2.5)),
    ages_years=(0.0, 3.0, 10.0),
    contrast=0.85,
    nephrectomy=0.4,
    rolls=((-120.0, -60.0), (-30.0, 30.0)),
    torso_scale=(0.6, 0.95),
    unannotated=frozenset({"esophagus", "gallbladder", "iliopsoas_left", "iliopsoas_right"}),
)
"""Small children with kidney tumours, quiet thin slices with contrast agent, half of them lying on a side."""

HOSPITAL_B = Hospital(
    name="hospital-b",
    first_seed=700_000,
    scanner=Scanner(("standard", "sharp"), (12.0, 30.0), (4.0, 5.0), (2.5, 3.2)),
    ages_years=(4.0, 12.0, 18.0),
    contrast=0.3,
    nephrectomy=0.1,
    rolls=((-90.0, 90.0),),
    torso_scale=(0.85, 1.25),
    unannotated=frozenset({"aorta_abdominal", "inferior_vena_cava", "autochthon_left", "autochthon_right"}),
)
"""Older children, noisy thick slices mostly without contrast agent, lying in any way.

Rolls are those that the study (arXiv:2605.06820) trained its two sites with.
"""

HOSPITALS = (HOSPITAL_A, HOSPITAL_B)


def training_child(hospital: Hospital, number: int) -> TrainingCase:
    """A child of the hospital with its contours; the same number gives the same child.

    Raises ``ValueError`` for a number that is not from 0 to ``MOST_PATIENTS``.
    """
    return _as_contoured(hospital, _child(hospital, _seed(hospital, number), ChildMix()))


def held_out_child(hospital: Hospital, number: int) -> TrainingCase:
    """A child of the hospital that no training sees, all of the trunk in its images, with the truth of every organ.

    Raises ``ValueError`` for a number that is not from 0 to ``MOST_PATIENTS``.
    """
    return _child(hospital, FIRST_HELD_OUT_SEED + _seed(hospital, number), ChildMix(short_stack=0.0))


def training_torso(hospital: Hospital, template: TorsoTemplate, number: int) -> TrainingCase:
    """A variation of the torso as a patient of the hospital, with its contours.

    Raises ``ValueError`` for a number that is not from 0 to ``MOST_PATIENTS``.
    """
    spec = WarpSpec(
        scale=hospital.torso_scale,
        rolls=hospital.rolls,
        nephrectomy_share=hospital.nephrectomy,
        plain_share=1.0 - hospital.contrast,
        noise_hu=hospital.scanner.noise_hu,
    )
    return _as_contoured(hospital, warp_torso(template, _seed(hospital, number), spec))


def annotation(hospital: Hospital, name: str, labels: npt.NDArray[np.integer]) -> CaseAnnotation:
    """What the hospital says of a case of ours: what it contours and has no voxel is known not to be there.

    ``labels`` is a label map of the project's own numbers, in any orientation.
    """
    voxels = np.bincount(labels.ravel(), minlength=len(all_organs()) + 1)
    states = {organ: _state(hospital, organ, int(voxels[label])) for label, organ in default_labels().items()}
    return CaseAnnotation(name, states)


def _state(hospital: Hospital, organ: str, voxels: int) -> State:
    if organ in hospital.unannotated:
        return State.UNANNOTATED
    return State.ANNOTATED if voxels else State.ABSENT


def _seed(hospital: Hospital, number: int) -> int:
    if not 0 <= number < MOST_PATIENTS:
        raise ValueError(f"patients are numbered from 0 to {MOST_PATIENTS - 1}")
    return hospital.first_seed + number


def _child(hospital: Hospital, seed: int, mix: ChildMix) -> TrainingCase:
    rng = np.random.default_rng(seed)
    mix = replace(mix, contrast=hospital.contrast, nephrectomy=hospital.nephrectomy, wide_roll=0.0)
    child = replace(random_child(seed, rng, mix), age_years=float(rng.triangular(*hospital.ages_years)))
    scan = scan_child(child, _scan(hospital, random_scan(seed, rng, mix), rng))
    return TrainingCase(f"child_{seed}", scan.image, scan.truth)


def _scan(hospital: Hospital, usual: ScanSpec, rng: np.random.Generator) -> ScanSpec:
    """A scan on the hospital's scanner; where it is cut and how the child came in stays as usual."""
    scanner = hospital.scanner
    in_plane = float(rng.uniform(*scanner.in_plane_mm))
    return replace(
        usual,
        spacing_mm=(in_plane, in_plane),
        slice_spacing_mm=float(rng.choice(scanner.slice_spacing_mm)),
        kernel=scanner.kernels[int(rng.integers(len(scanner.kernels)))],
        noise_hu=float(np.exp(rng.uniform(*np.log(scanner.noise_hu)))),
        roll_deg=float(rng.uniform(*hospital.rolls[int(rng.integers(len(hospital.rolls)))])),
    )


def _as_contoured(hospital: Hospital, case: TrainingCase) -> TrainingCase:
    """The case without what nobody contours there."""
    hidden = [label for label, organ in case.truth.organs.items() if organ in hospital.unannotated]
    voxels = np.where(np.isin(case.truth.voxels, hidden), 0, case.truth.voxels)
    return replace(case, truth=LabelMap(case.truth.grid, voxels.astype(np.uint8), case.truth.organs))
