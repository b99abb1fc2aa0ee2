"""A model and a series for the commands, and a way to run them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pedcontour.cli.main import app
from pedcontour.dicom.ct_writer import write_ct_series
from tests.stand_ins.model import ShadeEngine, shaded_torso, write_stand_in_model


class Program:
    """The program `pedcontour`, run in this process with its output kept apart from its messages."""

    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir

    def __call__(self, *arguments: object) -> Result:
        umask = os.umask(0o022)  # some commands change it for their process, which here is that of the tests
        environment = {"PEDCONTOUR_MODELS_DIR": str(self.models_dir), "COLUMNS": "100", "NO_COLOR": "1"}
        try:
            return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
        finally:
            os.umask(umask)

    def json(self, *arguments: object) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture(scope="session")
def stand_in_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_stand_in_model(root)
    return root


@pytest.fixture(scope="session")
def shaded_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shaded-ct")
    write_ct_series(shaded_torso(), folder)
    return folder


@pytest.fixture
def program(stand_in_models: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program with the stand-in model installed and its engine in memory in place of PyTorch."""
    import pedcontour.inference.choice as engines

    def in_memory(bundle: object, choice: object) -> ShadeEngine:
        return ShadeEngine(bundle)  # type: ignore[arg-type]

    monkeypatch.setattr(engines, "load_engine", in_memory)
    return Program(stand_in_models)
