"""`pedcontour models`."""

from pathlib import Path

import pytest

from tests.stand_ins.model import MODEL_ID, write_stand_in_model
from tests.unit.cli.conftest import Program


def test_the_installed_models_are_listed(program: Program) -> None:
    assert MODEL_ID in program("models", "list").stdout
    (model,) = program.json("models", "list")["models"]
    assert model["id"] == MODEL_ID and model["organs"]["1"] == "spleen"


def test_an_empty_shelf_is_said_to_be_empty(tmp_path: Path) -> None:
    result = Program(tmp_path)("models", "list")
    assert result.exit_code == 0 and "No model" in result.stdout


def test_a_model_is_shown_with_its_card(program: Program) -> None:
    shown = program("models", "show", MODEL_ID).stdout
    assert "Draws what is painted" in shown and "Kidney_L" in shown
    assert "Apache-2.0" in shown and "Tests of the service." in shown
    assert program.json("models", "show", MODEL_ID)["digest"] in shown


def test_an_unknown_model_ends_with_two(program: Program) -> None:
    result = program("models", "show", "nobody")
    assert result.exit_code == 2 and "MODEL_NOT_FOUND" in result.stderr


def test_an_intact_model_is_verified(program: Program) -> None:
    assert "intact" in program("models", "verify", MODEL_ID).stdout
    assert [entry["id"] for entry in program.json("models", "verify")["intact"]] == [MODEL_ID]


@pytest.mark.parametrize("changed", ["weights.safetensors", "card.md"])
def test_a_changed_model_fails_the_check_and_ends_with_one(tmp_path: Path, changed: str) -> None:
    bundle = write_stand_in_model(tmp_path)
    with (bundle.folder / changed).open("ab") as file:
        file.write(b" ")
    result = Program(tmp_path)("models", "verify")
    assert result.exit_code == 1
    assert "MODEL_CHECKSUM_MISMATCH" in result.stderr and changed in result.stderr


def test_what_is_no_training_is_not_imported(program: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = program("models", "import", tmp_path / "empty", "--id", "mine")
    assert result.exit_code in (1, 2)
    assert result.stderr.split()[0].isupper()
