"""What runs a model where a runtime is missing or broken."""

import logging
import sys
from pathlib import Path

import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.errors import RequestError
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
