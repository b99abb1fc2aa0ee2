"""Collecting evidence: a row a side, resumable, shared between processes, what the service would see."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pedcontour.calibration.cases import FIRST_SEED, GROUPS, SPLITS, KidneyCase, kidney_case
from pedcontour.calibration.collect import collect, rows_of_case
from pedcontour.calibration.rows import KidneyRow, read_rows, write_rows
from pedcontour.datasets.children import FIRST_HELD_OUT_SEED
from pedcontour.inference.port import Prediction, Progress
from pedcontour.organs import default_labels
from pedcontour.phantom import ChildSpec, ScanSpec, scan_child
from pedcontour.phantom.spec import PatientPosition
from pedcontour.volume import LabelMap, Volume
from tests.unit.calibration.made_rows import made_rows


class BrightEngine:
    """A stand-in network: what is as bright as soft tissue, on either side of the middle, is kidney."""

    model_id = "bright"
    organs: Mapping[int, str] = default_labels()

    def segment(self, image: Volume, progress: Progress) -> Prediction:
        x = image.grid.to_lps_mm(np.moveaxis(np.indices(image.grid.shape), 0, -1))[..., 0]
        soft = (image.voxels > 90) & (image.voxels < 200)
        labels = np.where(soft, np.where(x > 0, 3, 2), 0).astype(np.uint8)
        labels[:, -2:, :] = 0
        return Prediction(
            LabelMap(image.grid, labels, self.organs), {"kidney_left": 0.7, "kidney_right": 0.8}, "bright"
        )


class EchoEngine:
    """A stand-in network that draws the truth, and a false kidney where it is told to."""

    model_id = "echo"
    organs: Mapping[int, str] = default_labels()

    def __init__(self, truth: LabelMap, false: np.ndarray) -> None:
        self._labels = truth.voxels.copy()
        self._labels[false & (truth.voxels == 0)] = truth.label_of("kidney_left")

    def segment(self, image: Volume, progress: Progress) -> Prediction:
        labels = LabelMap(image.grid, self._labels, self.organs)
        drawn = [organ for organ in self.organs.values() if labels.mask(organ).any()]
        spread, firm = dict.fromkeys(drawn, 0.05), dict.fromkeys(drawn, 0.8)
        return Prediction(labels, dict.fromkeys(drawn, 0.9), "echo", spread=spread, firm=firm)


@pytest.mark.slow
def test_a_run_writes_a_row_a_side_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert collect(BrightEngine(), "fit", range(1), tmp_path) == 1
    first = (tmp_path / "fit" / "00000.jsonl").read_bytes()
    assert collect(BrightEngine(), "fit", range(2), tmp_path) == 1
    assert (tmp_path / "fit" / "00000.jsonl").read_bytes() == first
    rows = read_rows(tmp_path)
    assert [row.case for row in rows] == ["fit_00000"] * 2 + ["fit_00001"] * 2
    assert {row.organ for row in rows} == {"kidney_left", "kidney_right"}
    assert any(row.evidence is not None for row in rows)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.slow
def test_rows_tell_the_real_kidney_from_the_false_one() -> None:
    child = ChildSpec(11, 6.0, absent_kidney="left", bed_filling="fat")
    scan = scan_child(child, ScanSpec(spacing_mm=(5.0, 5.0), slice_spacing_mm=6.0))
    case = KidneyCase("one", "fit", child, ScanSpec(), {"left": "absent/fat", "right": "usual"})
    bed = scan.truth.mask("kidney_right")[..., ::-1]
    left, right = rows_of_case(EchoEngine(scan.truth, bed), case, scan)
    assert (left.group, left.present, left.real) == ("absent/fat", False, False)
    assert left.drawn_ml > 5.0 and left.evidence.probability_spread == pytest.approx(0.05)
    assert left.evidence.firm_share == pytest.approx(0.8) and 0.5 < right.evidence.age_ratio < 2.0
    assert right.present and right.real and right.evidence.volume_ratio > 0.5
    assert right.overlap_ml == pytest.approx(right.truth_ml, rel=0.02)
    assert left.evidence.level is not None and abs(left.evidence.level) < 2.0


def test_rows_survive_the_way_through_a_file(tmp_path: Path) -> None:
    rows = made_rows(3)
    write_rows(tmp_path / "a" / "0.jsonl", rows)
    assert read_rows(tmp_path) == rows


@pytest.mark.parametrize("line", ["{", "[]", json.dumps({"case": "x"}), json.dumps({"evidence": None})])
def test_a_file_that_holds_no_rows_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "odd.jsonl").write_text(line + "\n")
    with pytest.raises(ValueError, match=r"odd\.jsonl"):
        read_rows(tmp_path)


def test_what_lies_elsewhere_than_the_kidney_is_not_real() -> None:
    def row(overlap_ml: float) -> KidneyRow:
        return KidneyRow("c", "fit", "pelvic", "kidney_left", 40.0, 10.0, overlap_ml, None)

    assert not row(0.0).real and row(9.0).real


def test_cases_hold_every_group_in_every_split_and_no_training_seed() -> None:
    for split in SPLITS:
        cases = [kidney_case(split, number) for number in range(300)]
        seen = {group for case in cases for group in case.groups.values()}
        assert {name for name in GROUPS if name != "absent"} <= seen
        assert {f"absent/{filling}" for filling in ("bowel", "spleen", "liver", "muscle", "fat", "fluid")} <= seen
        assert all(case.child.seed >= FIRST_HELD_OUT_SEED for case in cases)
    assert len(set(FIRST_SEED.values())) == len(SPLITS)


def test_cases_lie_in_every_position() -> None:
    positions = {kidney_case("fit", number).scan.patient_position for number in range(100)}
    assert positions == set(get_args(PatientPosition))


def test_the_other_splits_are_other_children_and_another_scanner() -> None:
    assert kidney_case("fit", 4) == kidney_case("fit", 4)
    assert max(kidney_case("other_age", n).child.age_years for n in range(50)) <= 1.5
    assert min(kidney_case("fit", n).child.age_years for n in range(50)) >= 1.5
    assert all(kidney_case("other_scanner", n).scan.noise_hu >= 25.0 for n in range(50))


def test_groups_name_the_side_that_they_are_about() -> None:
    for number in range(200):
        case = kidney_case("held_out", number)
        for side, group in case.groups.items():
            if group.startswith("absent/"):
                assert case.child.absent_kidney == side and group == f"absent/{case.child.bed_filling}"
            elif group != "cut":
                assert case.child.kidney(side).condition == group


@pytest.mark.parametrize("number", [-1, 100_000])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="99999"):
        kidney_case("fit", number)
