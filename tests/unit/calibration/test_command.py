"""`python -m pedcontour.calibration`."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pedcontour.bundle import load_bundle, verify_bundle
from pedcontour.calibration.__main__ import app
from pedcontour.calibration.rows import write_rows
from tests.stand_ins.model import MODEL_ID, write_stand_in_model
from tests.unit.calibration.made_rows import made_rows


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    write_stand_in_model(folder)
    monkeypatch.setenv("PEDCONTOUR_MODELS_DIR", str(folder))
    return folder / MODEL_ID


def test_fit_puts_a_filter_beside_the_model_that_loads_and_verifies(models: Path, tmp_path: Path) -> None:
    before = load_bundle(models).digest
    write_rows(tmp_path / "rows" / "fit" / "0.jsonl", made_rows(120))
    write_rows(tmp_path / "rows" / "held_out" / "0.jsonl", made_rows(30, seed=1, split="held_out"))
    result = CliRunner().invoke(app, ["fit", "--rows", str(tmp_path / "rows"), "--removed-present", "40"])
    assert result.exit_code == 0, result.output
    bundle = load_bundle(models)
    verify_bundle(bundle)
    assert bundle.digest != before
    assert bundle.presence is not None and bundle.presence.costs["removed_present"] == 40.0
    assert bundle.presence.card["cases"] == 120


def test_rows_without_false_kidneys_leave_the_model_as_it_was(models: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows" / "0.jsonl", [row for row in made_rows(60) if row.present])
    result = CliRunner().invoke(app, ["fit", "--rows", str(tmp_path / "rows")])
    assert result.exit_code != 0
    assert "false kidneys are needed" in result.output
    assert load_bundle(models).presence is None


def test_a_fit_that_the_model_cannot_use_leaves_it_as_it_was(models: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in models.iterdir()}
    write_rows(tmp_path / "rows" / "0.jsonl", [replace(row, organ="liver") for row in made_rows(60)])
    result = CliRunner().invoke(app, ["fit", "--rows", str(tmp_path / "rows")])
    assert result.exit_code == 2 and "liver" in result.output
    assert {path.name: path.read_bytes() for path in models.iterdir()} == before


def test_a_split_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["collect", "--rows", str(tmp_path), "--split", "none"])
    assert result.exit_code != 0 and "held_out" in result.output
