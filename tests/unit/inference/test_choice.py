"""What runs a model where a runtime is missing or broken."""

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.errors import ModelChecksumError, OutOfMemoryError, RequestError
from pedcontour.inference.choice import EngineChoice, check_device, check_runtime, load_engine
from tests.toy_nnunet import one_thread, toy_image

pytestmark = pytest.mark.slow

IN_USE = ("openvino", "pedcontour.inference.nnunet_openvino", "pedcontour.inference.openvino_cache")


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pedcontour.inference.choice.find_spec", lambda name: None)


@pytest.fixture(params=["ImportError", "OSError", "RuntimeError"])
def broken_openvino(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The class of what the import of an installed OpenVINO raises."""
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "__init__.py").write_text(f"raise {request.param}('libopenvino.so: cannot open')")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(IN_USE)]:
        monkeypatch.delitem(sys.modules, name)
    return str(request.param)


def _engine_that_drew(model: ModelBundle) -> str:
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        return load_engine(model, EngineChoice(device="cpu")).segment(image, lambda _: None).engine


@pytest.mark.usefixtures("without_openvino")
def test_a_runtime_that_is_not_installed_is_refused_where_it_is_asked_for() -> None:
    check_runtime(EngineChoice(device="cpu"))
    check_runtime(EngineChoice(device="cpu", runtime="torch"))
    with pytest.raises(RequestError, match="not installed"):
        check_runtime(EngineChoice(device="cpu", runtime="openvino"))


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_torch_runs(toy_model: ModelBundle) -> None:
    assert _engine_that_drew(toy_model) == "torch-cpu-fp32"


def test_where_openvino_is_broken_torch_runs_and_the_log_tells(
    toy_model: ModelBundle, broken_openvino: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pedcontour"):
        assert _engine_that_drew(toy_model) == "torch-cpu-fp32"
    assert f"cannot be loaded ({broken_openvino})" in caplog.text
    assert "libopenvino.so" not in caplog.text


def test_a_broken_openvino_is_refused_where_it_is_asked_for(broken_openvino: str) -> None:
    check_device(EngineChoice(device="cpu", runtime="openvino"))
    with pytest.raises(RequestError, match=broken_openvino):
        check_runtime(EngineChoice(device="cpu", runtime="openvino"))
    check_runtime(EngineChoice(device="cpu", runtime="torch"))


def test_an_openvino_that_finds_no_processor_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ov = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    monkeypatch.setattr(ov.Core, "available_devices", property(lambda _: []))
    check_runtime(EngineChoice(device="cpu"))
    with pytest.raises(RequestError, match="RuntimeError"):
        check_runtime(EngineChoice(device="cpu", runtime="openvino"))


def _refuse(*_: object) -> None:
    raise RuntimeError("No conversion rule found for operations: aten::unheard_of")


@pytest.mark.parametrize("step", ["convert", "compile"])
def test_a_network_that_openvino_does_not_take_is_run_by_torch_and_the_report_tells(
    toy_model: ModelBundle, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ov = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    if step == "convert":
        monkeypatch.setattr("pedcontour.inference.nnunet_openvino.convert", _refuse)
    else:
        monkeypatch.setattr(ov.Core, "compile_model", _refuse)
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        engine = load_engine(toy_model, EngineChoice(device="cpu", threads=1))
        prediction = engine.segment(image, lambda _: None)
        expected = load_engine(toy_model, EngineChoice(device="cpu", runtime="torch", threads=1))
        np.testing.assert_array_equal(prediction.labels.voxels, expected.segment(image, lambda _: None).labels.voxels)
        again = engine.segment(image, lambda _: None)
        asked_for = load_engine(toy_model, EngineChoice(device="cpu", runtime="openvino", threads=1))
        with pytest.raises(RuntimeError, match="unheard_of"):
            asked_for.segment(image, lambda _: None)
    assert prediction.engine == "torch-cpu-fp32"
    [said] = prediction.fallbacks
    assert said.endswith("could not take the network (RuntimeError): torch-cpu-fp32 ran it, more slowly")
    assert again.fallbacks == prediction.fallbacks


@pytest.mark.parametrize("error", [ModelChecksumError("weights"), MemoryError(), RuntimeError("std::bad_alloc")])
def test_a_damaged_model_or_too_little_memory_changes_no_runtime(
    toy_model: ModelBundle, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("pedcontour.inference.nnunet_openvino.convert", fail)
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread(), pytest.raises((ModelChecksumError, OutOfMemoryError)):
        load_engine(toy_model, EngineChoice(device="cpu", threads=1)).segment(image, lambda _: None)
