"""The child that contours, as a worker starts it: what it says of settings and packages that do not fit."""

import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.errors import EngineUnusableError, PedcontourError, RequestError
from pedcontour.settings import Settings
from service.jobs import Job, Options
from service.worker.__main__ import INFERENCE
from service.worker.gate import Gate, Passage
from service.worker.inference import InferenceChild
from service.worker.messages import Contour
from service.worker.patience import Patience
from service.worker.supervised import supervised
from tests.toy_nnunet import toy_image

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


def test_beside_others_the_network_is_converted_in_the_turn_of_the_job_that_needs_it(
    tmp_path: Path, toy_model: ModelBundle
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    write_ct_series(toy_image((20, 48, 48), (3.0, 3.0, 3.0))[0], tmp_path / "ct")
    settings = {"DEVICE": "cpu", "THREADS": "1", "MODELS_DIR": toy_model.folder.parent, "CACHE_DIR": tmp_path / "cache"}
    environment = {**os.environ, **{f"PEDCONTOUR_{name}": str(value) for name, value in settings.items()}}
    gate = Gate()
    gate.ask("another", Passage(lambda: None))
    child = InferenceChild(INFERENCE, environment, Patience(), gate=gate)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    order = Contour(
        job=Job("job-1", Options(toy_model.id), now, now), files=tmp_path / "ct", out=tmp_path / "out", left_out=()
    )
    with ThreadPoolExecutor(1) as pool:
        try:
            done = pool.submit(child.contour, order, lambda stage, share: None)
            while not gate.holds_back(child):
                assert not done.done(), done.exception()
                time.sleep(0.05)
            assert not list(tmp_path.glob("cache/*")), "nothing is converted while another may run its network"
            gate.leave("another")
            assert "seg.dcm" in done.result(120).files
            assert list(tmp_path.glob("cache/*"))
        finally:
            child.close()


@pytest.mark.parametrize("fault", ["no start", "no engine"])
def test_a_worker_whose_child_loads_no_engine_does_not_begin(fault: str, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tests.stand_ins.faulty_child", fault)
    with pytest.raises(EngineUnusableError), supervised(Settings(data_dir=tmp_path), command):
        pass


def test_a_worker_begins_without_a_model(tmp_path: Path) -> None:
    with supervised(Settings(data_dir=tmp_path), (sys.executable, "-m", "tests.stand_ins.faulty_child", "no model")):
        pass
