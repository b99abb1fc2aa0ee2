"""Whether a job can name a model: asked often, looked at seldom."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pedcontour.errors import ModelChecksumError, ModelError, ModelNotFoundError
from service.gateway.models import CHECKED_FOR_S, InstalledModels
from tests.stand_ins.model import write_stand_in_model


@dataclass
class Elapsed:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_damaged_model_is_noticed_and_so_is_its_repair_within_seconds(tmp_path: Path) -> None:
    folder = write_stand_in_model(tmp_path).folder
    elapsed = Elapsed()
    models = InstalledModels(tmp_path, elapsed=elapsed)
    models.check()
    plans = (folder / "plans.json").read_text()
    (folder / "plans.json").write_text("{}")
    models.check()  # looked at just now
    elapsed.seconds += CHECKED_FOR_S
    for _ in range(2):
        with pytest.raises(ModelChecksumError):
            models.check()
    (folder / "plans.json").write_text(plans)
    elapsed.seconds += CHECKED_FOR_S
    models.check()


@pytest.mark.parametrize("folds", [(), ("0", "1")])
def test_a_model_without_all_its_weights_is_none(tmp_path: Path, folds: tuple[str, ...]) -> None:
    model = write_stand_in_model(tmp_path, folds=folds)
    (model.folder / model.weights[-1]).unlink()
    with pytest.raises(ModelError, match=model.weights[-1]):
        InstalledModels(tmp_path).check()


def test_of_several_models_without_a_default_each_request_names_one(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path, "one")
    write_stand_in_model(tmp_path, "two")
    InstalledModels(tmp_path).check()


@pytest.mark.parametrize("by_setting", [True, False])
def test_a_default_that_is_not_there_is_told_though_others_are(tmp_path: Path, by_setting: bool) -> None:
    write_stand_in_model(tmp_path, "one")
    if not by_setting:
        (tmp_path / "default").write_text("gone\n")
    with pytest.raises(ModelNotFoundError, match="gone"):
        InstalledModels(tmp_path, "gone" if by_setting else None).check()


def test_a_folder_of_models_that_is_not_there_holds_none(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path / "models")
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(ModelNotFoundError):
        InstalledModels(tmp_path / "models").check()
