"""Errors, names and progress as the terminal shows them."""

import json

import pytest
import typer

from pedcontour.cli.console import names_of, progress_bar, tell_error, told
from pedcontour.errors import GantryTiltError, NothingDrawnError, ReadBackMismatchError
from pedcontour.verdicts import Outcome, Verdict

UIDS = [f"1.2.{n}" for n in range(15)]


def test_an_error_names_its_code_what_to_do_and_some_of_the_instances(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(GantryTiltError("14 degrees", instance_uids=UIDS), as_json=False)
    shown = capsys.readouterr().err
    assert "GANTRY_TILT" in shown and "without tilt" in " ".join(shown.split()) and "14 degrees" in shown
    assert "1.2.9" in shown and "1.2.10" not in shown and "and 5 more" in shown


def test_an_error_for_a_script_names_all_instances(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(GantryTiltError(instance_uids=UIDS), as_json=True)
    assert json.loads(capsys.readouterr().out)["error"]["instance_uids"] == UIDS


MISSING = Verdict("kidney_left", Outcome.ABSENT_DETECTED, 0.0, 0.0, None, "Nothing was drawn.")
NOTHING_DRAWN = NothingDrawnError(verdicts=[MISSING], warnings=["ABSENT_DETECTED: Nothing was drawn."])


def test_where_nothing_was_drawn_the_verdicts_and_warnings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(NOTHING_DRAWN, as_json=False)
    shown = capsys.readouterr().err
    assert "NOTHING_DRAWN" in shown and "Kidney_L" in shown and "absent detected" in shown
    assert "ABSENT_DETECTED: Nothing was drawn." in shown


def test_where_nothing_was_drawn_a_script_gets_the_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(NOTHING_DRAWN, as_json=True)
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["verdicts"][0]["outcome"] == "absent_detected"
    assert error["warnings"] == ["ABSENT_DETECTED: Nothing was drawn."]


def test_a_failure_that_is_not_the_users_ends_with_one() -> None:
    @told
    def fail() -> None:
        raise ReadBackMismatchError

    with pytest.raises(typer.Exit) as ended:
        fail()
    assert ended.value.exit_code == 1


@pytest.mark.parametrize(
    ("given", "names"),
    [(None, []), (["a,b", "c"], ["a", "b", "c"]), ([" a , ,b"], ["a", "b"]), ([""], [])],
)
def test_names_may_be_repeated_or_separated_by_commas(given: list[str] | None, names: list[str]) -> None:
    assert names_of(given) == names


def test_a_quiet_progress_bar_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(quiet=True) as progress:
        progress("segment", 0.5)
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err == ""
