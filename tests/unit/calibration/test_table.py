"""The table of `make kidneys`."""

from benchmarks.kidney_tables import show
from benchmarks.kidneys import figures_of
from pedcontour.calibration.fit import fit_presence
from tests.unit.calibration.made_rows import made_rows

FITTED = made_rows(240)
HELD_OUT = made_rows(120, seed=5, split="held_out")
MODEL = fit_presence(FITTED)


def test_it_tells_each_group_by_both_rules_with_targets_for_the_filter_alone(capsys) -> None:
    table, more = figures_of([*FITTED, *HELD_OUT], MODEL)
    rows = {row["name"]: row for row in table}
    assert rows["held_out/filter/all absent"]["n"] == 80
    assert rows["held_out/filter/absent/bowel"]["before_0_1_5_ml"][0] == 1.0
    assert rows["held_out/filter/partial"]["target"] == 0.02
    assert "target" not in rows["held_out/volume/all absent"]
    assert rows["held_out/filter/all absent"]["ours"] <= rows["held_out/volume/all absent"]["ours"]
    assert more["held_out"]["roc_area"][0] > 0.9 and more["held_out"]["calibration"]
    show(table, more)
    printed = capsys.readouterr().out
    assert "held_out/filter/all absent" in printed and "predicted" in printed and "without/level" in printed


def test_each_piece_of_evidence_is_left_out_once() -> None:
    names = [row["name"] for row in figures_of([*FITTED, *HELD_OUT], MODEL)[0] if row["name"].startswith("without/")]
    assert names == [f"without/{term.evidence}" for term in MODEL.terms]


def test_traits_of_the_scan_have_rows_of_their_own() -> None:
    names = {row["name"] for row in figures_of([*FITTED, *HELD_OUT], MODEL)[0]}
    assert {"held_out/filter/absent, no contrast", "held_out/filter/present, low dose"} <= names


def test_a_model_without_a_filter_is_judged_by_the_first_rule() -> None:
    table, more = figures_of(HELD_OUT, None)
    assert {row["name"].split("/")[1] for row in table} == {"volume"} and more == {}
