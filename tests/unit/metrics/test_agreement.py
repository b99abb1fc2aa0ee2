"""What is reported when an organ is there, missed, invented or nowhere."""

import numpy as np
import pytest

from pedcontour.metrics import Case, compare
from pedcontour.volume import Grid, LabelMap

AFFINE = np.array([[0, 0, 2.0, 0], [0, 2.0, 0, 0], [5.0, 0, 0, 0], [0, 0, 0, 1.0]])  # 2 x 2 x 5 mm: 0.02 mL a voxel
ORGANS = {1: "spleen", 2: "kidney_right", 3: "kidney_left", 4: "heart"}


def label_map(**voxels: int) -> LabelMap:
    """Organs laid in a row from index 0, each in its own slice: ``spleen=5`` fills five voxels of slice 0."""
    array = np.zeros((4, 1, 20), np.uint8)
    for label, organ in ORGANS.items():
        array[label - 1, 0, : voxels.get(organ, 0)] = label
    return LabelMap(Grid(array.shape, AFFINE), array, ORGANS)


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    found = compare(label_map(spleen=10, kidney_right=10), label_map(spleen=5, kidney_left=5))
    return {agreement.organ: agreement for agreement in found}


def test_an_organ_in_both_has_every_figure(figures: dict) -> None:
    spleen = figures["spleen"]
    assert spleen.case is Case.BOTH
    assert spleen.dsc == pytest.approx(2 * 5 / 15)
    assert spleen.hd95_mm is not None and spleen.hd95_mm > 0
    assert spleen.volume_difference_ml == pytest.approx(-0.1)
    assert spleen.volume_difference_share == pytest.approx(-0.5)


def test_a_missed_organ_has_dice_nought_and_undefined_distances(figures: dict) -> None:
    missed = figures["kidney_right"]
    assert (missed.case, missed.dsc, missed.hd95_mm, missed.msd_mm) == (Case.MISSED, 0.0, None, None)


def test_an_organ_drawn_where_the_reference_has_none_is_a_false_positive_volume_and_no_dice(figures: dict) -> None:
    invented = figures["kidney_left"]
    assert (invented.case, invented.dsc, invented.hd95_mm) == (Case.FALSE_POSITIVE, None, None)
    assert invented.false_positive_ml == pytest.approx(0.1)
    assert invented.volume_difference_share is None


def test_an_organ_in_neither_has_no_figures(figures: dict) -> None:
    assert (figures["heart"].case, figures["heart"].dsc) == (Case.NEITHER, None)


def test_label_numbers_may_differ_between_the_two_maps() -> None:
    reference = label_map(spleen=10)
    renumbered = LabelMap(reference.grid, np.where(reference.voxels == 1, 9, 0).astype(np.uint8), {9: "spleen"})
    (only,) = compare(reference, renumbered)
    assert only.dsc == 1.0


def test_maps_on_different_grids_are_refused() -> None:
    reference = label_map(spleen=10)
    moved = Grid(reference.grid.shape, AFFINE + np.array([[0, 0, 0, 1.0], [0] * 4, [0] * 4, [0] * 4]))
    with pytest.raises(ValueError, match="grids"):
        compare(reference, LabelMap(moved, reference.voxels, ORGANS))
