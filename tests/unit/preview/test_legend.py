"""The legend: what must not be overlooked stands out."""

import numpy as np
import pytest

from pedcontour.preview.legend import WORDS, draw_legend
from pedcontour.preview.style import ALARM, NOTICE, Colour
from pedcontour.verdicts import LOUD, Outcome, Verdict


def shows(outcome: Outcome, colour: Colour) -> bool:
    legend = np.asarray(draw_legend([Verdict("heart", outcome, 10.0, 10.0, 0.9, "for a test")], 1840))
    return bool(np.all(np.abs(legend.astype(int) - colour) <= 4, axis=-1).any())


@pytest.mark.parametrize("outcome", sorted(LOUD - {Outcome.FAILED}))
def test_an_outcome_that_must_not_be_overlooked_is_written_in_the_colour_of_a_notice(outcome: Outcome) -> None:
    assert shows(outcome, NOTICE)


def test_a_failure_is_written_in_the_colour_of_an_alarm() -> None:
    assert shows(Outcome.FAILED, ALARM)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - LOUD))
def test_other_outcomes_are_quiet(outcome: Outcome) -> None:
    assert not shows(outcome, NOTICE) and not shows(outcome, ALARM)


def test_an_absence_that_nobody_declared_is_told_as_an_open_question() -> None:
    assert WORDS[Outcome.ABSENT_DETECTED].endswith("?")
