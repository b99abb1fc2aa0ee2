"""A result on the terminal: what must not be overlooked stands out."""

from io import StringIO

import pytest
from rich.console import Console

from pedcontour.cli.results import show_verdicts
from pedcontour.verdicts import LOUD, Outcome, Verdict

YELLOW = "\x1b[33m"


def shown(outcome: Outcome, warnings: tuple[str, ...] = ()) -> str:
    terminal = Console(file=StringIO(), force_terminal=True, color_system="standard", width=160, no_color=False)
    show_verdicts(terminal, [Verdict("kidney_left", outcome, 10.0, 10.0, 0.9, "for a test")], warnings)
    assert isinstance(terminal.file, StringIO)
    return terminal.file.getvalue()


@pytest.mark.parametrize("outcome", sorted(Outcome))
def test_an_outcome_is_coloured_exactly_when_it_must_not_be_overlooked(outcome: Outcome) -> None:
    words = outcome.replace("_", " ")
    assert (f"{YELLOW}{words}" in shown(outcome)) == (outcome in LOUD)
    assert words in shown(outcome)


def test_what_lies_beside_the_results_is_named_with_its_volume() -> None:
    terminal = Console(file=StringIO(), width=160)
    removed = Verdict("kidney_left", Outcome.REMOVED_FALSE_POSITIVE, 8.6, 0.0, 0.9, "for a test", review_ml=8.6)
    show_verdicts(terminal, [removed], ())
    assert isinstance(terminal.file, StringIO)
    assert "removed false positive (Kidney_L_rev: 8.6 mL)" in terminal.file.getvalue()


def test_every_warning_is_shown_whole() -> None:
    assert "ABSENT_DETECTED: look [there]" in shown(Outcome.ABSENT_DETECTED, ("ABSENT_DETECTED: look [there]",))
