"""The child that contours, as a worker starts it: what it says of settings and packages that do not fit."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pedcontour.errors import EngineUnusableError, PedcontourError, RequestError
from pedcontour.settings import Settings
from service.worker.__main__ import INFERENCE
from service.worker.inference import InferenceChild, Patience
from service.worker.supervised import supervised

pytestmark = pytest.mark.slow


def _broken(package: str, folder: Path) -> dict[str, str]:
    """An environment in which a package that is installed cannot be imported."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text("raise ImportError('libbroken.so: cannot open')")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}


def _refusal(settings: Mapping[str, str]) -> PedcontourError:
    child = InferenceChild(INFERENCE, {**os.environ, **settings}, Patience())
    try:
        with pytest.raises(PedcontourError) as refused:
            child.start()
    finally:
        child.close()
    return refused.value


def test_the_setting_that_does_not_fit_is_named(tmp_path: Path) -> None:
    device = _refusal({"PEDCONTOUR_DEVICE": "cuda:77"})
    assert isinstance(device, RequestError) and device.detail.startswith("PEDCONTOUR_DEVICE: ")
    engine = _refusal({"PEDCONTOUR_DEVICE": "cpu", "PEDCONTOUR_ENGINE": "openvino"} | _broken("openvino", tmp_path))
    assert isinstance(engine, RequestError) and engine.detail.startswith("PEDCONTOUR_ENGINE: ")
    assert "ImportError" in engine.detail and "libbroken" not in engine.detail


def test_without_what_runs_networks_there_is_no_child(tmp_path: Path) -> None:
    refused = _refusal(_broken("torch", tmp_path))
    assert isinstance(refused, EngineUnusableError)
    assert refused.detail == "ImportError"


@pytest.mark.parametrize("fault", ["no start", "no engine"])
def test_a_worker_whose_child_loads_no_engine_does_not_begin(fault: str, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tests.stand_ins.faulty_child", fault)
    with pytest.raises(EngineUnusableError), supervised(Settings(data_dir=tmp_path), command):
        pass


def test_a_worker_begins_without_a_model(tmp_path: Path) -> None:
    with supervised(Settings(data_dir=tmp_path), (sys.executable, "-m", "tests.stand_ins.faulty_child", "no model")):
        pass
