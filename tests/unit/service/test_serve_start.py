"""What keeps a service from starting is said by a code of its own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pedcontour.errors import DataFolderError, ModelChecksumError, ModelNotFoundError, PortInUseError
from pedcontour.settings import Settings
from service.embedded import running
from tests.stand_ins.model import MODEL_ID, write_stand_in_model


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(data_dir=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(PortInUseError), running(settings):
            pass


def test_a_service_that_could_take_no_job_does_not_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", port=0)
    with pytest.raises(ModelNotFoundError, match="none is installed"), running(settings):
        pass
    write_stand_in_model(tmp_path / "models")
    (tmp_path / "models" / MODEL_ID / "plans.json").write_text("{}")
    with pytest.raises(ModelChecksumError, match=r"plans\.json"), running(settings):
        pass
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataFolderError, match="cannot be written"),
        running(Settings(data_dir=tmp_path / "file" / "data")),
    ):
        pass


@pytest.mark.parametrize("module", ["service.gateway", "service.worker"])
def test_waits_that_contradict_each_other_are_told_in_a_sentence(module: str, tmp_path: Path) -> None:
    waits = {"PEDCONTOUR_LEASE_S": "10", "PEDCONTOUR_HEARTBEAT_S": "10", "PEDCONTOUR_DATA_DIR": str(tmp_path / "data")}
    ended = subprocess.run(
        [sys.executable, "-m", module], env={**os.environ, **waits}, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "PEDCONTOUR_HEARTBEAT_S must be below PEDCONTOUR_LEASE_S" in ended.stderr + ended.stdout
    assert not (tmp_path / "data").exists()
