"""The report's schema and its page."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from pedcontour.contour import Report
from pedcontour.contour.facts import organ_reports
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import Outcome, Verdict

PAGE = (Path(__file__).parents[3] / "docs" / "report.md").read_text("utf-8")


def test_every_field_of_the_report_is_described() -> None:
    described = {
        name for row in re.findall(r"^\| (`.*?`) \|", PAGE, flags=re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert described == set(Report.model_fields)


def test_the_schema_can_be_printed() -> None:
    schema = Report.model_json_schema()
    assert schema["properties"]["schema_version"]["const"] == 1


def test_a_report_of_another_schema_is_refused() -> None:
    with pytest.raises(ValidationError):
        Report.model_validate({"schema_version": 2})


def test_volumes_and_probabilities_are_given_to_sensible_digits() -> None:
    verdict = Verdict("kidney_left", Outcome.PRESENT, 12.345678, 12.343, 0.91234, "Drawn in full.")
    (entry,) = organ_reports([verdict], {"kidney_left": 0.999987}, OutputStyle())
    assert (entry.volume_before_ml, entry.volume_ml, entry.confidence) == (12.35, 12.34, 0.912)
    assert (entry.roi_name, entry.read_back_dice) == ("Kidney_L", 1.0)
