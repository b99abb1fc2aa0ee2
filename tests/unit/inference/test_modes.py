import pytest

from pedcontour.errors import ModeUnavailableError, RequestError
from pedcontour.inference.modes import DEFAULT_MODE, MODES, mode_named, quality_of


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_has_a_quality_of_its_own_name(mode: str) -> None:
    quality = quality_of(mode_named(mode), (0, 1, 2))
    assert quality.mode == mode
    assert quality.mirrored == (mode == "tta")


def test_exact_changes_nothing() -> None:
    quality = quality_of("exact", ())
    assert not (quality.half_network or quality.body_only or quality.mirrored)
    assert quality.half_sums
    assert quality.tile_step == 0.5


def test_what_was_trained_without_mirroring_is_not_mirrored() -> None:
    with pytest.raises(ModeUnavailableError):
        quality_of("tta", ())


def test_a_word_that_is_no_mode_is_refused() -> None:
    assert DEFAULT_MODE in MODES
    with pytest.raises(RequestError):
        mode_named("best")
