"""Endless variations of one labelled torso: a second source of shapes and textures beside the phantom.

The template is a CT with TotalSegmentator's "total" labels. It is never enough to learn patients from, but a network
that sees real fat, muscle and bowel texture beside the phantom's does draw organs on a real CT where a person sees
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.surroundings import add_arms, add_couch
from pedcontour.organs import default_labels
from pedcontour.orientation import AxisChange
from pedcontour.volume import Grid, LabelMap, Volume

FloatField = npt.NDArray[np.float32]

TOTAL_TO_ORGAN: Mapping[str, tuple[int, ...]] = {
    "spleen": (1,),
    "kidney_right": (2,),
    "kidney_left": (3,),
    "gallbladder": (4,),
    "liver": (5,),
    "pancreas": (7,),
    "lung_left": (10, 11),
    "lung_right": (12, 13, 14),
    "esophagus": (15,),
    "stomach_bowel": (6, 18, 19, 20),
    "vertebrae": tuple(range(26, 51)),
    "heart": (51,),
    "aorta_abdominal": (52,),
    "inferior_vena_cava": (63,),
    "spinal_cord": (79,),
    "autochthon_left": (86,),
    "autochthon_right": (87,),
    "iliopsoas_left": (88,),
    "iliopsoas_right": (89,),
}
"""Labels of TotalSegmentator's task "total" (v2, 117 classes) that make up each organ; the sacrum (25) is no
vertebra here."""

AIR_HU = -1024
NOISE_HU = (2.0, 22.0)
"""Standard deviation of the noise, from a generous adult protocol to a sparing paediatric one."""
FAT_HU = (-100.0, 8.0)
TEXTURE_HU = 12.0
"""Mean and spread of fat between patients, and the texture within."""

Uptake = Mapping[str, tuple[float, float]]
PHASES: Mapping[str, Uptake] = {
    "plain": {},
    "arterial": {
        "aorta_abdominal": (100, 320),
        "heart": (80, 250),
        "kidney": (50, 150),
        "spleen": (30, 90),
        "pancreas": (20, 60),
        "inferior_vena_cava": (0, 70),
        "liver": (0, 25),
    },
    "portal": {
        "aorta_abdominal": (70, 160),
        "heart": (70, 160),
        "kidney": (80, 190),
        "spleen": (50, 100),
        "pancreas": (30, 60),
        "inferior_vena_cava": (60, 140),
        "liver": (35, 80),
    },
}
"""HU that an injected contrast agent adds to each organ, lowest and highest, by the time since the injection."""
PHASE_SHARES = {"plain": 0.4, "arterial": 0.2, "portal": 0.4}
VESSELS_LIKE = {64: "inferior_vena_cava", 65: "aorta_abdominal", 66: "aorta_abdominal"}
"""Vessels among the "total" labels that are no organs here and take up contrast like one: portal vein, iliac
arteries."""
ORAL_CONTRAST_SHARE = 0.12
ORAL_CONTRAST_HU = (40.0, 250.0)


def map_total_labels(labels: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Turn TotalSegmentator "total" labels into the project's own 1-19; everything else becomes background."""
    table = np.zeros(max(118, int(labels.max()) + 1), np.uint8)
    label_of = {organ: label for label, organ in default_labels().items()}
    for organ, sources in TOTAL_TO_ORGAN.items():
        table[list(sources)] = label_of[organ]
    return np.asarray(table[labels])


@dataclass(frozen=True, eq=False)
class TorsoTemplate:
    """A labelled CT in canonical orientation: ``image`` HU, ``total`` its TotalSegmentator labels, same grid."""

    image: Volume
    total: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, image: Volume, total: npt.NDArray[np.uint8]) -> "TorsoTemplate":
        """Bring a labelled CT of any orientation into the canonical one."""
        change = AxisChange.to_canonical(image.grid)
        return cls(change.volume(image), np.ascontiguousarray(change.array(total)))


@dataclass(frozen=True)
class WarpSpec:
    """How far a variation may go; lengths in mm of the result, angles in degrees.

    ``rolls`` are ranges, one of them as likely as the other, in place of ``roll_deg`` to both sides; positive rolls go
    from the patient's left to the back. ``plain_share`` is how often there is no contrast agent.
    """

    scale: tuple[float, float] = (0.6, 1.25)
    anisotropy: float = 0.15
    roll_deg: float = 20.0
    rolls: tuple[tuple[float, float], ...] = ()
    pitch_deg: float = 8.0
    coarse_mm: float = 6.0
    fine_mm: float = 2.5
    short_stack_share: float = 0.4
    top_stack_share: float = 0.3
    """Of the short stacks: those that end at the template's upper end, above the kidneys."""
    nephrectomy_share: float = 0.3
    wide_field_share: float = 0.5
    wide_field_mm: tuple[float, float] = (380.0, 560.0)
    couch_share: float = 0.6
    arms_share: float = 0.3
    spacing_mm: float = 3.0
    plain_share: float = PHASE_SHARES["plain"]
    noise_hu: tuple[float, float] = NOISE_HU


def warp_torso(template: TorsoTemplate, seed: int, spec: WarpSpec | None = None) -> TrainingCase:
    """A new body from the template: rotated, stretched, bent, re-shaded, cut and noisy; the same seed gives the same
    one.
    """
    spec = spec or WarpSpec()
    rng = np.random.default_rng(seed)
    shape, affine_points = _sampling_points(template, rng, spec)
    hounsfield = _shaded(template, rng, spec)
    anatomy = _without_kidneys(template.total, hounsfield, rng, spec)
    voxels = ndimage.map_coordinates(hounsfield, affine_points, order=1, cval=AIR_HU, output=np.float32)
    total = ndimage.map_coordinates(anatomy, affine_points, order=0, cval=0, output=np.uint8)
    grid = Grid(shape, _canonical_affine(spec.spacing_mm))
    _surround(voxels, grid, rng, spec)
    voxels = _finished(voxels, rng, spec)
    low, high = _kept_slices(affine_points[0], template.image.grid.shape[0], rng, spec)
    grid = Grid((high - low, shape[1], shape[2]), grid.affine)
    image = Volume(grid, np.clip(np.rint(voxels[low:high]), -1024, 3071).astype(np.int16))
    truth = LabelMap(grid, map_total_labels(total[low:high]), default_labels())
    return TrainingCase(f"torso_{seed:05d}", image, truth)


def _canonical_affine(spacing_mm: float) -> npt.NDArray[np.float64]:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = spacing_mm
    affine[3, 3] = 1.0
    return affine


def _sampling_points(
    template: TorsoTemplate, rng: np.random.Generator, spec: WarpSpec
) -> tuple[tuple[int, int, int], FloatField]:
    """Where each voxel of the result lies in the template: its shape, and indices ``(3, k, j, i)``."""
    source = np.array(template.image.grid.shape, float)
    zoom = np.exp(rng.uniform(*np.log(spec.scale)))
    stretch = zoom * np.exp(rng.uniform(-spec.anisotropy, spec.anisotropy, 3))
    ratio = np.array(template.image.grid.spacing_mm) * stretch / spec.spacing_mm
    shape, offset = _field_of_view(source * ratio, rng, spec)
    rotation = _rotation(rng, spec)
    index = np.indices(shape, np.float32).reshape(3, -1)
    centred = index - (np.array(shape, np.float32) - 1)[:, None] / 2 - offset[:, None]
    points = (rotation / ratio[:, None]).astype(np.float32) @ centred + (source[:, None].astype(np.float32) - 1) / 2
    points = points.reshape(3, *shape)
    for knot_mm, sd_mm in ((70.0, spec.coarse_mm), (32.0, spec.fine_mm)):
        points += _smooth_field(shape, knot_mm / spec.spacing_mm, rng) * np.float32(sd_mm / spec.spacing_mm)
    return shape, points


def _field_of_view(
    body: npt.NDArray[np.float64], rng: np.random.Generator, spec: WarpSpec
) -> tuple[tuple[int, int, int], FloatField]:
    """Shape of the result around a body of that many voxels ``(k, j, i)``, and how far off its middle the body lies.

    Either just around the body or as wide as planning scanners have it.
    """
    if spec.rolls:  # who lies on a side is as tall as wide
        body = np.array((body[0], body[1:].max(), body[1:].max()))
    k, j, i = (int(n) for n in np.ceil(body * (1 + rng.uniform(0.0, 0.25, 3) * (0, 1, 1))))
    if rng.random() < spec.wide_field_share:
        field = int(rng.uniform(*spec.wide_field_mm) / spec.spacing_mm)
        j, i = max(j, field), max(i, field)
    room = (np.array((j, i)) - body[1:]).clip(min=0) / 2
    across = rng.uniform(-0.4, 0.4, 2) * room
    return (max(k, 8), max(j, 32), max(i, 32)), np.array((0.0, *across), np.float32)


def _surround(voxels: FloatField, grid: Grid, rng: np.random.Generator, spec: WarpSpec) -> None:
    if rng.random() < spec.arms_share:
        add_arms(voxels, grid, rng)
    if rng.random() < spec.couch_share:
        add_couch(voxels, grid, rng)


def _rotation(rng: np.random.Generator, spec: WarpSpec) -> npt.NDArray[np.float64]:
    """A small rotation about the three axes ``(k, j, i)``: roll about the body, pitch and yaw less."""
    limits = np.radians((spec.roll_deg, spec.pitch_deg, spec.pitch_deg))
    angles = rng.uniform(-limits, limits)
    if spec.rolls:
        angles[0] = np.radians(rng.uniform(*spec.rolls[int(rng.integers(len(spec.rolls)))]))
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _smooth_field(shape: tuple[int, int, int], knot_voxels: float, rng: np.random.Generator) -> FloatField:
    """Three smooth random fields ``(3, k, j, i)`` of unit standard deviation, one per axis, with knots that far
    apart.
    """
    coarse = [int(np.ceil(n / knot_voxels)) + 3 for n in shape]
    field = np.empty((3, *shape), np.float32)
    at = np.meshgrid(*[np.arange(n, dtype=np.float32) / np.float32(knot_voxels) + 1 for n in shape], indexing="ij")
    for axis in range(3):
        field[axis] = ndimage.map_coordinates(
            rng.standard_normal(coarse, np.float32), np.stack(at), order=1, mode="nearest"
        )
    return field


def _shaded(template: TorsoTemplate, rng: np.random.Generator, spec: WarpSpec) -> FloatField:
    """The template's HU with every organ shifted by its own amount, as contrast phases and scanners do."""
    shifts = rng.normal(0.0, 12.0, 256)
    shifts[0] = 0.0
    shifts[1:20] = _organ_shifts(rng, spec.plain_share)
    label_of = {organ: label for label, organ in default_labels().items()}
    for total, organ in VESSELS_LIKE.items():
        shifts[total + 100] = shifts[label_of[organ]]
    organs = map_total_labels(template.total)
    others = np.where((organs == 0) & (template.total > 0), template.total.astype(np.int64) + 100, organs)
    shift = shifts[np.minimum(others, 255)].astype(np.float32)
    shift = ndimage.gaussian_filter(shift, 0.6)
    air = template.image.voxels < -300  # gas stays gas
    return np.where(air, template.image.voxels, template.image.voxels + shift).astype(np.float32)


def _without_kidneys(
    total: npt.NDArray[np.uint8], hounsfield: FloatField, rng: np.random.Generator, spec: WarpSpec
) -> npt.NDArray[np.uint8]:
    """Now and then a nephrectomy, of one side or both: fat takes the kidney's place in ``hounsfield``, and its label
    goes. A network that never saw a spleen without a kidney calls the spleen's inner part one.
    """
    if rng.random() >= spec.nephrectomy_share:
        return total
    organs = ("kidney_right", "kidney_left")
    gone = organs if rng.random() < 0.4 else (organs[int(rng.integers(2))],)
    bed = np.isin(total, [label for organ in gone for label in TOTAL_TO_ORGAN[organ]])
    fat = rng.normal(*FAT_HU) + rng.standard_normal(int(bed.sum()), np.float32) * np.float32(TEXTURE_HU)
    hounsfield[bed] = fat
    return np.where(bed, np.uint8(0), total)


def _organ_shifts(rng: np.random.Generator, plain_share: float) -> npt.NDArray[np.float64]:
    """HU to add to labels 1-19: every organ's own, and what one contrast phase adds to all of them together."""
    label_of = {organ: label for label, organ in default_labels().items()}
    phase = str(rng.choice(list(PHASE_SHARES), p=_phase_shares(plain_share)))
    dose = rng.uniform(0.0, 1.0)
    shifts = rng.normal(0.0, 14.0, len(label_of))
    for organ, label in label_of.items():
        low, high = PHASES[phase].get(organ.removesuffix("_left").removesuffix("_right"), (0.0, 0.0))
        shifts[label - 1] += low + (high - low) * dose
    for organ in ("lung_left", "lung_right", "stomach_bowel"):
        shifts[label_of[organ] - 1] = rng.normal(0.0, 10.0)
    if rng.random() < ORAL_CONTRAST_SHARE:
        shifts[label_of["stomach_bowel"] - 1] += rng.uniform(*ORAL_CONTRAST_HU)
    return shifts


def _phase_shares(plain: float) -> list[float]:
    """How often each phase comes; those with contrast agent keep their proportions."""
    contrast = (1.0 - plain) / (1.0 - PHASE_SHARES["plain"])
    return [plain, *(share * contrast for phase, share in PHASE_SHARES.items() if phase != "plain")]


def _finished(voxels: FloatField, rng: np.random.Generator, spec: WarpSpec) -> FloatField:
    """Slow shading, a reconstruction kernel's blur, noise and now and then a couch line below the back."""
    body = voxels > -900
    bias = _smooth_field((*voxels.shape,), 40.0, rng)[0] * np.float32(rng.uniform(0, 6))
    voxels = voxels + bias * body
    if rng.random() < 0.5:
        voxels = ndimage.gaussian_filter(voxels, rng.uniform(0.2, 0.7, 3))
    noise = rng.standard_normal(voxels.shape, np.float32)
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(noise, (0, 0.6, 0.6)) * 2.2
    voxels = voxels + noise * np.float32(np.exp(rng.uniform(*np.log(spec.noise_hu)))) * np.where(body, 1, 0.4).astype(
        np.float32
    )
    return np.asarray(voxels, np.float32)


def _kept_slices(source_k: FloatField, slices: int, rng: np.random.Generator, spec: WarpSpec) -> tuple[int, int]:
    """The slice range to keep: where the template fills the slice, and often only a short stack of it."""
    inside = ((source_k > 0) & (source_k < slices - 1)).mean(axis=(1, 2)) > 0.9
    rows = np.flatnonzero(inside)
    low, high = (int(rows[0]), int(rows[-1]) + 1) if rows.size >= 8 else (0, source_k.shape[0])
    if rng.random() < spec.short_stack_share and high - low > 12:
        length = int(rng.integers(8, min(36, high - low)))
        if rng.random() < spec.top_stack_share:
            return high - min(length, int(rng.integers(8, 17))), high
        # The upper abdomen holds most organs: half of the short stacks come from the upper third.
        first = low if rng.random() < 0.5 else max(low, high - length - (high - low) // 3)
        low = int(rng.integers(first, high - length + 1))
        high = low + length
    return low, high
