"""The whole picture: it can be drawn of anything, and it shows what the verdicts say."""

from dataclasses import replace

import numpy as np
import pytest

from pedcontour.organs import all_organs
from pedcontour.outputs import REVIEW_COLOUR
from pedcontour.preview import Caption, draw_preview
from pedcontour.verdicts import Outcome, Verdict
from pedcontour.volume import LabelMap
from tests.unit.preview.test_planes import patient

CAPTION = Caption(model="test-model 1.0", digest="0123456789abcdef" * 4)


def verdict(organ: str, outcome: Outcome = Outcome.PRESENT) -> Verdict:
    return Verdict(organ, outcome, 10.0, 10.0, 0.9, "for a test")


def pixels_like(picture: np.ndarray, organ: str) -> np.ndarray:
    """Where the picture has exactly the organ's colour: its outlines, and its swatch in the legend."""
    return np.all(np.abs(picture.astype(int) - all_organs()[organ].colour) <= 2, axis=-1)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    image, labels = patient()
    return np.asarray(draw_preview(image, labels, [verdict("liver"), verdict("spleen")], CAPTION))


def test_both_organs_are_outlined_in_their_own_colours(picture: np.ndarray) -> None:
    panels = picture[104:600]
    assert pixels_like(panels, "liver").sum() > 200
    assert pixels_like(panels, "spleen").sum() > 100


def test_the_liver_is_left_of_the_spleen_in_the_axial_panel(picture: np.ndarray) -> None:
    axial = picture[104:500, 40:760]
    assert np.nonzero(pixels_like(axial, "liver"))[1].mean() < np.nonzero(pixels_like(axial, "spleen"))[1].mean()


@pytest.mark.parametrize(
    "outcome", [Outcome.ABSENT_DECLARED, Outcome.REMOVED_FALSE_POSITIVE, Outcome.NOT_REQUESTED, Outcome.FAILED]
)
def test_an_organ_that_is_not_in_the_results_is_not_outlined(outcome: Outcome) -> None:
    image, labels = patient()
    picture = np.asarray(draw_preview(image, labels, [verdict("liver"), verdict("spleen", outcome)], CAPTION))
    assert not pixels_like(picture, "spleen").any()
    assert pixels_like(picture, "liver").any()


def test_what_lies_beside_the_results_is_outlined_in_the_colour_of_review() -> None:
    image, labels = patient()
    spleen = labels.label_of("spleen")
    beside = LabelMap(labels.grid, np.where(labels.voxels == spleen, 20, labels.voxels).astype(np.uint8), labels.organs,
                      {20: "spleen"})  # fmt: skip
    removed = replace(verdict("spleen", Outcome.REMOVED_FALSE_POSITIVE), review_ml=40.0)
    picture = np.asarray(draw_preview(image, beside, [verdict("liver"), removed], CAPTION))
    assert np.all(np.abs(picture[104:600].astype(int) - REVIEW_COLOUR) <= 2, axis=-1).sum() > 100


@pytest.mark.parametrize("slices", [2, 3, 20])
def test_a_stack_of_any_height_and_without_any_organ_can_be_drawn(slices: int) -> None:
    image, labels = patient()
    cut = (slice(0, slices),)
    grid = type(image.grid)((slices, 40, 60), image.grid.affine)
    image = type(image)(grid, image.voxels[cut])
    nothing = LabelMap(grid, np.zeros_like(labels.voxels[cut]), labels.organs)
    picture = draw_preview(image, nothing, [verdict("liver", Outcome.FAILED)], CAPTION)
    assert picture.width == 1920 and picture.height > 500


def test_the_legend_names_all_nineteen_organs_with_any_outcome() -> None:
    image, labels = patient()
    outcomes = list(Outcome)
    verdicts = [verdict(organ, outcomes[n % len(outcomes)]) for n, organ in enumerate(all_organs())]
    few = draw_preview(image, labels, verdicts[:1], CAPTION)
    many = draw_preview(image, labels, verdicts, CAPTION)
    assert many.height > few.height
