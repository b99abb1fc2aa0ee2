"""What else makes a case hard, found again from a row."""

from dataclasses import replace

import pytest

from pedcontour.calibration.cases import kidney_case
from pedcontour.calibration.rows import KidneyRow
from pedcontour.calibration.traits import case_of, rows_by_trait, traits_of


def row_of(number: int) -> KidneyRow:
    case = kidney_case("held_out", number)
    return KidneyRow(case.name, case.split, case.groups["left"], "kidney_left", 0.0, 0.0, 0.0, None)


def test_a_row_leads_back_to_its_case() -> None:
    assert case_of(row_of(7)) == kidney_case("held_out", 7)


@pytest.mark.parametrize("name", ["held_out", "fit_00007", "held_out_seven", "nowhere_00001"])
def test_a_row_of_no_case_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        case_of(replace(row_of(7), case=name))


def test_every_trait_occurs_and_contrast_is_always_told() -> None:
    by_trait = rows_by_trait([row_of(number) for number in range(200)])
    assert set(by_trait) == {
        "contrast", "no contrast", "low dose", "prone or on the side", "rolled", "clips with streaks",
        "nodule in the bed", "under 5 years",
    }  # fmt: skip
    assert len(by_trait["contrast"]) + len(by_trait["no contrast"]) == 200
    assert all(0 < len(rows) < 200 for rows in by_trait.values())


def test_what_surgery_left_is_told_of_empty_beds_only() -> None:
    for number in range(100):
        case = kidney_case("held_out", number)
        if case.child.absent_kidney is None:
            assert not {"clips with streaks", "nodule in the bed"} & set(traits_of(case))
