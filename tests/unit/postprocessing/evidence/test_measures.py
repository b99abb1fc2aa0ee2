"""Each number means what it says, on shapes whose answer is known."""

import numpy as np
import pytest

from pedcontour.organs import all_organs
from pedcontour.postprocessing import find_organs, measure_body
from pedcontour.postprocessing.absence import KIDNEY_ML_PER_MM3, Candidate
from pedcontour.postprocessing.evidence import Evidence, gather_evidence
from pedcontour.volume import LabelMap, Volume
from tests.unit.postprocessing.torso import SPACING_MM, k_of, painted, torso

IMAGE, LABELS = torso()
BODY = measure_body(IMAGE)


def evidence_of(labels: LabelMap = LABELS, image: Volume = IMAGE, organ: str = "kidney_left", **known) -> Evidence:
    found = find_organs(labels)
    facts = {"confidence": 0.9, "spread": 0.1} | known
    return gather_evidence(
        Candidate(finding=found[organ], body=BODY, others=found, labels=labels, image=image, **facts)
    )


def with_mask(mask: np.ndarray, organ: str = "kidney_left") -> LabelMap:
    voxels = np.where(LABELS.voxels == LABELS.label_of(organ), 0, LABELS.voxels).astype(np.uint8)
    voxels[mask] = LABELS.label_of(organ)
    return LabelMap(LABELS.grid, voxels, LABELS.organs)


def ball(radius_mm: float) -> np.ndarray:
    k, j, i = np.ogrid[: LABELS.voxels.shape[0], : LABELS.voxels.shape[1], : LABELS.voxels.shape[2]]
    away = np.sqrt((k - k_of(14.0)) ** 2.0 + (j - 30) ** 2.0 + (i - 40) ** 2.0) * SPACING_MM
    return away <= radius_mm


def test_a_usual_kidney_lies_where_kidneys_lie() -> None:
    left, right = evidence_of(), evidence_of(organ="kidney_right")
    for evidence in (left, right):
        assert 0.1 < evidence.lateral < 0.3
        assert abs(evidence.ventral) < 0.1
        assert abs(evidence.level) < 0.6
    assert left.mirror_distance < 0.1
    assert left.other_ratio == pytest.approx(1.0)
    assert left.volume_ratio == pytest.approx(35.8 / (8e-6 * BODY.diameter_mm**3), rel=0.1)


def test_a_kidney_in_the_pelvis_lies_levels_too_low() -> None:
    box = (slice(k_of(20.0), k_of(18.0)), slice(28, 36), slice(36, 40))
    voxels = painted(with_mask(np.zeros(LABELS.voxels.shape, bool)), "kidney_left", box)
    assert evidence_of(voxels).level == pytest.approx(19.0 - 14.0, abs=0.7)


def test_a_kidney_on_the_other_side_is_negative() -> None:
    box = (slice(k_of(15.0), k_of(13.0)), slice(28, 36), slice(16, 20))
    assert evidence_of(painted(with_mask(np.zeros(LABELS.voxels.shape, bool)), "kidney_left", box)).lateral < -0.1


def test_the_age_tells_what_to_expect() -> None:
    assert evidence_of(age_years=5.0).age_ratio == pytest.approx(find_organs(LABELS)["kidney_left"].volume_ml / 55.0)
    assert evidence_of().age_ratio is None


def test_a_ball_is_round_solid_and_whole() -> None:
    evidence = evidence_of(with_mask(ball(24.0)))
    assert evidence.elongation == pytest.approx(1.0, abs=0.02)
    assert evidence.solidity > 0.8
    assert 1.2 < evidence.irregularity < 1.6
    assert (evidence.largest_share, evidence.parts) == (1.0, 1.0)


def test_a_rod_is_long_and_crumbs_are_in_pieces() -> None:
    rod = np.zeros(LABELS.voxels.shape, bool)
    rod[k_of(16.0) : k_of(12.0), 30, 40] = True
    assert evidence_of(with_mask(rod)).elongation > 10.0
    crumbs = np.zeros(LABELS.voxels.shape, bool)
    crumbs[k_of(15.0) : k_of(13.0) : 3, 26:36:3, 36:48:3] = True
    evidence = evidence_of(with_mask(crumbs))
    assert evidence.parts > 20 and evidence.largest_share < 0.05 and evidence.solidity < 0.3


def test_a_hollow_towards_the_spine_is_a_hilum() -> None:
    """The left kidney's middle lies at larger i than the spine's, so the side towards the spine has the smaller i."""
    whole = ball(24.0)
    bitten = {side: whole.copy() for side in ("spine", "flank")}
    bitten["spine"][k_of(14.0) - 2 : k_of(14.0) + 3, 28:33, :40] = False
    bitten["flank"][k_of(14.0) - 2 : k_of(14.0) + 3, 28:33, 41:] = False
    assert evidence_of(with_mask(whole)).hilum == pytest.approx(0.0, abs=0.01)
    assert evidence_of(with_mask(bitten["spine"])).hilum > 0.03
    assert evidence_of(with_mask(bitten["flank"])).hilum < -0.03


def test_the_psoas_is_the_one_of_the_own_side() -> None:
    beside = (slice(20, 30), slice(28, 36), slice(30, 34))
    left = painted(LABELS, "iliopsoas_left", beside)
    middle = find_organs(left)["iliopsoas_left"].centre_mm
    apart_mm = np.linalg.norm((find_organs(left)["kidney_left"].centre_mm - middle)[:2])
    assert evidence_of(left).psoas_offset == pytest.approx(apart_mm / BODY.diameter_mm)
    assert evidence_of(left, organ="kidney_right").psoas_offset is None


def test_fat_gas_and_noise_inside_are_seen() -> None:
    rng = np.random.default_rng(0)
    mask = ball(20.0)
    for value, name in ((-100, "fat_share"), (-800, "gas_share")):
        voxels = IMAGE.voxels.copy()
        voxels[mask] = value
        assert getattr(evidence_of(with_mask(mask), Volume(IMAGE.grid, voxels)), name) == 1.0
    noisy = IMAGE.voxels + rng.normal(0.0, 15.0, IMAGE.voxels.shape)
    evidence = evidence_of(with_mask(mask), Volume(IMAGE.grid, noisy.astype(np.float32)))
    assert evidence.texture == pytest.approx(15.0, rel=0.15)
    assert evidence.hu_median == pytest.approx(20.0, abs=5.0)


def test_contrast_shows_against_muscle_and_the_other_kidney() -> None:
    labels = painted(LABELS, "iliopsoas_left", (slice(20, 30), slice(30, 34), slice(41, 45)))
    voxels = IMAGE.voxels.copy()
    voxels[labels.mask("kidney_left")] = 150
    evidence = evidence_of(labels, Volume(IMAGE.grid, voxels))
    assert evidence.hu_over_muscle == pytest.approx(130.0)
    assert evidence.hu_from_other == pytest.approx(130.0)


def test_what_is_a_part_of_the_spleen_is_as_bright_as_it_and_as_its_surroundings() -> None:
    spleen = LABELS.mask("spleen")
    inside = np.zeros_like(spleen)
    inside[k_of(12.5) : k_of(11.5), 24:27, 42:45] = True
    voxels = IMAGE.voxels.copy()
    voxels[spleen], voxels[LABELS.mask("liver")] = 120, 90
    evidence = evidence_of(with_mask(inside), Volume(IMAGE.grid, voxels))
    assert evidence.hu_over_solid == evidence.hu_over_rind == 0.0
    assert evidence_of(image=Volume(IMAGE.grid, voxels)).hu_over_solid != 0.0


def test_bowel_in_the_bed_is_as_bright_as_bowel() -> None:
    voxels = IMAGE.voxels.copy()
    voxels[LABELS.mask("stomach_bowel")] = 300
    evidence = evidence_of(image=Volume(IMAGE.grid, voxels))
    assert evidence.hu_over_bowel == pytest.approx(evidence.hu_median - 300.0)


def test_what_lies_inside_the_spleen_has_spleen_all_round() -> None:
    spleen = LABELS.mask("spleen")
    inside = np.zeros_like(spleen)
    inside[k_of(12.5) : k_of(11.5), 24:27, 42:45] = True
    assert evidence_of(with_mask(inside)).beside_solid > 0.9 > 0.5 > evidence_of().beside_solid


def test_a_kidney_at_the_first_slice_is_cut() -> None:
    cut = np.zeros(LABELS.voxels.shape, bool)
    cut[:6, 28:36, 36:40] = True
    assert evidence_of(with_mask(cut)).border_share == 1.0
    assert evidence_of().border_share == 0.0


def test_the_yardstick_of_every_organ_is_data() -> None:
    measured = {organ.id: organ.usual_ml_per_mm3 for organ in all_organs().values() if organ.usual_ml_per_mm3}
    assert measured["kidney_left"] == measured["kidney_right"] == KIDNEY_ML_PER_MM3
    assert all(all_organs()[organ].may_be_absent for organ in measured)
    spleen = evidence_of(organ="spleen")
    assert spleen.volume_ratio == pytest.approx(
        LABELS.volume_ml("spleen") / (measured["spleen"] * BODY.diameter_mm**3), rel=1e-6
    )
    assert spleen.other_ratio is None and spleen.mirror_distance is None and spleen.lateral > 0.1
    assert evidence_of(organ="liver").volume_ratio is None


def test_every_organ_that_may_be_absent_has_a_yardstick() -> None:
    """Without one a filter could never take it away."""
    assert all(organ.usual_ml_per_mm3 for organ in all_organs().values() if organ.may_be_absent)


def test_the_firm_share_is_the_engines() -> None:
    assert evidence_of(firm=0.7).firm_share == pytest.approx(0.7)
    assert evidence_of().firm_share is None
