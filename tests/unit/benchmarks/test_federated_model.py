"""Four ways to train one network: what the figures of patients come to, with answers that are known."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.federated_model.arms import ARMS, FEDERATED, LOCAL_A, LOCAL_B, TESTS, TOGETHER, Arm, WorkFolder
from benchmarks.federated_model.certainty import holm, interval, wilcoxon
from benchmarks.federated_model.judging import EVALUATED, Figures
from benchmarks.federated_model.page import claims_of, page_of
from benchmarks.federated_model.table import rows_of
from benchmarks.federated_model.training import Schedule, fix
from pedcontour.errors import RequestError
from pedcontour.metrics import Agreement, Case

PATIENTS = 12


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of a few resamples: they are judged by a test of their own."""
    monkeypatch.setattr("benchmarks.federated_model.certainty.RESAMPLES", 19)


def drawn(organ: str, dsc: float) -> Agreement:
    return Agreement(organ, Case.BOTH, 10.0, 10.0, dsc, 20 * (1 - dsc), 5 * (1 - dsc))


def missed(organ: str) -> Agreement:
    return Agreement(organ, Case.MISSED, 10.0, 0.0, 0.0, None, None)


def invented(organ: str) -> Agreement:
    return Agreement(organ, Case.FALSE_POSITIVE, 0.0, 4.0, None, None, None)


def even(dsc: float) -> list[dict[str, Agreement]]:
    """Patients a little apart, every organ of whom is drawn as well as the others."""
    return [{organ: drawn(organ, dsc + n / 10_000) for organ in EVALUATED} for n in range(PATIENTS)]


def figures(**changes: float) -> dict[str, Figures]:
    """All arms draw alike on both tests, but for those that are told, such as ``local_a_on_b``."""
    said = {f"{arm.name.replace('-', '_')}_on_{test.name[-1].lower()}": 0.9 for arm in ARMS for test in TESTS} | changes
    return {
        test.name: {arm.name: even(said[f"{arm.name.replace('-', '_')}_on_{test.name[-1].lower()}"]) for arm in ARMS}
        for test in TESTS
    }


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_holm_steps_down_and_never_falls() -> None:
    corrected = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "e": None})
    assert corrected == {"a": pytest.approx(0.03), "b": 0.06, "c": 0.06, "d": 0.02, "e": None}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def test_the_paired_test_has_the_p_that_is_in_the_tables() -> None:
    # six pairs that all differ the same way: 2 of the 2**6 assignments of signs are as far out
    assert wilcoxon([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert wilcoxon([0.0, 0.0]) == 1.0
    assert wilcoxon([]) is None


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400).tolist()
    low, high = interval(values, np.mean) or (math.nan, math.nan)
    assert (low, high) == (
        pytest.approx(np.mean(values) - 1.96 * np.std(values) / 20, abs=0.02),
        pytest.approx(np.mean(values) + 1.96 * np.std(values) / 20, abs=0.02),
    )
    assert interval(values, np.mean) == (low, high)
    assert interval([1.0], np.mean) is None


@pytest.mark.usefixtures("quick")
def test_every_arm_has_a_row_for_every_organ_of_both_tests() -> None:
    rows = by_name(rows_of(figures()))
    assert all(f"{test.name}/{arm.name}/{organ}" in rows for test in TESTS for arm in ARMS for organ in EVALUATED)
    row = rows["test A/federated/liver"]
    assert (row["ours"], row["n"]) == (pytest.approx(0.9006, abs=1e-4), PATIENTS)
    assert row["dsc_interval"][0] < row["ours"] < row["dsc_interval"][1]
    assert (row["hd95_mm"], row["msd_mm"]) == (pytest.approx(1.989, abs=1e-3), pytest.approx(0.4972, abs=1e-3))


@pytest.mark.usefixtures("quick")
def test_a_missed_organ_has_no_distance_and_an_absent_one_no_dsc() -> None:
    told = figures()
    told["test A"]["federated"][0]["spleen"] = missed("spleen")
    for arm in ARMS:
        told["test A"][arm.name][1]["spleen"] = invented("spleen")
    row = by_name(rows_of(told))["test A/federated/spleen"]
    assert (row["n"], row["missed"], row["absent"], row["false_positives"]) == (PATIENTS - 1, 1, 1, 1)
    assert row["false_positive_ml"] == 4.0
    assert row["ours"] == pytest.approx(10 * 0.9 / 11, abs=1e-3)
    assert row["hd95_mm"] > 1.9


@pytest.mark.usefixtures("quick")
def test_a_difference_that_all_patients_have_is_found_and_corrected_over_organs() -> None:
    row = by_name(rows_of(figures(local_b_on_a=0.8)))["test A/federated - local-b/liver"]
    assert (row["ours"], row["n"]) == (pytest.approx(0.1), PATIENTS)
    assert row["p_holm"]["dsc"] == pytest.approx(9 * 2 / 2**PATIENTS, rel=0.01)
    same = by_name(rows_of(figures()))["test A/federated - local-b/liver"]
    assert same["p_holm"] == {"dsc": 1.0, "hd95_mm": 1.0, "msd_mm": 1.0}


@pytest.mark.usefixtures("quick")
def test_the_claim_is_met_by_a_model_as_good_everywhere() -> None:
    whole, *parts = rows_of(figures(local_a_on_b=0.8, local_b_on_a=0.8))[:5]
    assert whole["met"] and all(part["met"] for part in parts)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({"local_b_on_a": 0.91}, "test A, federated and local B"),
        ({"local_a_on_b": 0.91}, "test B, federated and local A"),
        ({"local_a_on_a": 0.9061}, "test A, federated and local A"),
        ({"local_b_on_b": 0.9061}, "test B, federated and local B"),
    ],
)
def test_the_claim_is_not_met_by_a_model_that_is_worse_in_one_part(changes: dict[str, float], fails: str) -> None:
    rows = by_name(rows_of(figures(**changes)))
    assert not rows["claim/whole"]["met"]
    assert [name for name, row in rows.items() if row.get("met") is False][1:] == [f"claim/{fails}"]
    assert set(rows[f"claim/{fails}"]["worse"]) == set(EVALUATED)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("organs", "met"), [(2, True), (3, False)])
def test_across_centres_seven_organs_of_nine_suffice(organs: int, met: bool) -> None:
    told = figures()
    for organ in EVALUATED[:organs]:
        for patient in told["test B"][LOCAL_A.name]:
            patient[organ] = drawn(organ, 0.95)
    rows = by_name(rows_of(told))
    part = rows["claim/test B, federated and local A"]
    assert (part["ours"], part["met"]) == (9 - organs, met)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("better", "met"), [(0.905, True), (0.9052, False)])
def test_at_home_a_loss_of_five_thousandths_is_allowed(better: float, met: bool) -> None:
    rows = by_name(rows_of(figures(local_b_on_b=better)))
    assert rows["claim/test B, federated and local B"]["met"] is met


@pytest.mark.usefixtures("quick")
def test_the_page_shows_every_arm_and_says_whether_the_claim_is_met() -> None:
    rows = rows_of(figures(local_a_on_b=0.8, local_b_on_a=0.91))
    schedule = {"start": None, "rounds": 2, "local_epochs": 3, "iterations": 4, "optimizer": "adamw"}
    page = page_of({"rows": rows, "cases": PATIENTS, "commit": "abc", "schedule": schedule})
    assert "$" not in page
    assert "24 iterations" in page
    assert "claim: NOT met" in page
    assert "test A, federated and local B: 0 (" in page
    assert page.count("| organ | local A | local B | federated | centralised |") == 6
    assert re.search(r"\| Liver \| 0\.80\d \(0\.80\d-0\.80\d\)\* \| 0\.90\d", page)
    assert claims_of(rows)[0] == "NOT met"


def test_every_arm_is_trained_once() -> None:
    trained = [arm for arms in TOGETHER for arm in arms]
    assert sorted(arm.name for arm in trained) == sorted(arm.name for arm in ARMS)
    homes: dict[Arm, str] = {LOCAL_A: "test A", LOCAL_B: "test B"}
    assert {test.home: test.name for test in TESTS} == homes
    assert all(set(arm.sites) <= set(FEDERATED.sites) for arm in homes)


def test_all_arms_in_a_folder_are_trained_by_one_schedule(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    fix(work, Schedule(rounds=3))
    fix(work, Schedule(rounds=3))
    assert json.loads(work.schedule.read_text())["rounds"] == 3
    with pytest.raises(RequestError, match="rounds"):
        fix(work, Schedule(rounds=4))
