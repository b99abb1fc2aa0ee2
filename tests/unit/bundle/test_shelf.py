from pathlib import Path

import pytest

from pedcontour.bundle import find_model, installed_models, scan_models
from pedcontour.errors import ModelChecksumError, ModelError, ModelNotFoundError
from tests.stand_ins.model import write_stand_in_model


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    write_stand_in_model(tmp_path, "b-model")
    write_stand_in_model(tmp_path, "a-model")
    return tmp_path


def _break(folder: Path) -> None:
    with (folder / "plans.json").open("a") as stream:
        stream.write(" ")


def test_models_are_listed_by_id(shelf: Path) -> None:
    assert [model.id for model in installed_models(shelf)] == ["a-model", "b-model"]


def test_a_broken_model_does_not_hide_the_others_and_says_why(shelf: Path) -> None:
    _break(shelf / "a-model")
    scanned = scan_models(shelf)
    assert [model.id for model in scanned.models] == ["b-model"]
    assert isinstance(scanned.refused["a-model"], ModelChecksumError)


def test_files_and_hidden_folders_are_no_models(shelf: Path) -> None:
    (shelf / "README.md").write_text("")
    (shelf / ".importing-x").mkdir()
    (shelf / "__pycache__").mkdir()
    scanned = scan_models(shelf)
    assert len(scanned.models) == 2
    assert not scanned.refused


def test_no_folder_holds_no_models(tmp_path: Path) -> None:
    assert installed_models(tmp_path / "none") == []


def test_a_model_is_found_by_its_id(shelf: Path) -> None:
    assert find_model(shelf, "b-model").id == "b-model"


def test_the_only_model_is_found_without_an_id(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path, "only")
    assert find_model(tmp_path, None).id == "only"


def test_the_default_of_several_is_named_in_a_file(shelf: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="a-model, b-model"):
        find_model(shelf, None)
    (shelf / "default").write_text("b-model\n")
    assert find_model(shelf, None).id == "b-model"


@pytest.mark.parametrize(
    "model_id", ["c-model", "", "../a-model", "a-model/../b-model", "/etc", ".", "A-MODEL", "x" * 300]
)
def test_an_id_that_names_no_model_is_refused(shelf: Path, model_id: str) -> None:
    with pytest.raises(ModelNotFoundError):
        find_model(shelf, model_id)


def test_a_broken_model_that_is_asked_for_is_refused_with_its_own_error(shelf: Path) -> None:
    _break(shelf / "a-model")
    with pytest.raises(ModelChecksumError):
        find_model(shelf, "a-model")


def test_an_empty_shelf_and_one_with_a_broken_model_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        find_model(tmp_path, None)
    write_stand_in_model(tmp_path, "only")
    _break(tmp_path / "only")
    with pytest.raises(ModelError):
        find_model(tmp_path, None)
