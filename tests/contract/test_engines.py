"""Every engine sits the exam in ``engine.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from pedcontour.bundle import ModelBundle
from pedcontour.inference.port import Engine
from pedcontour.volume import Volume
from tests.contract.engine import EngineContract
from tests.stand_ins.model import ShadeEngine, shaded_torso, write_stand_in_model
from tests.toy_nnunet import one_thread, toy_image


@pytest.mark.slow
class TestTorchEngine(EngineContract):
    """PyTorch on the CPU, with nnU-Net's own trainer's toy."""

    @pytest.fixture
    def engine(self, toy_model: ModelBundle) -> Iterator[Engine]:
        from pedcontour.inference.choice import EngineChoice, load_engine

        with one_thread():
            yield load_engine(toy_model, EngineChoice(device="cpu", runtime="torch"))

    @pytest.fixture
    def image(self) -> Volume:
        return toy_image((42, 44, 70), (2.5, 2.9, 2.0), seed=3)[0]


@pytest.mark.slow
class TestOpenVinoEngine(EngineContract):
    """OpenVINO on the CPU, with the same toy."""

    @pytest.fixture
    def engine(self, toy_model: ModelBundle, toy_cache: Path) -> Iterator[Engine]:
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
        from pedcontour.inference.choice import EngineChoice, load_engine

        with one_thread():
            yield load_engine(toy_model, EngineChoice(device="cpu", runtime="openvino", threads=1, cache=toy_cache))

    @pytest.fixture
    def image(self) -> Volume:
        return toy_image((42, 44, 70), (2.5, 2.9, 2.0), seed=3)[0]


@pytest.mark.slow
class TestEngineOfADevice(EngineContract):
    """What runs on a graphics card but for the card: arrays in torch, on the processor, two tiles at once."""

    @pytest.fixture
    def engine(self, toy_model: ModelBundle) -> Iterator[Engine]:
        from pedcontour.inference.device_place import OnDevice
        from pedcontour.inference.nnunet_engine import NnunetEngine
        from pedcontour.inference.nnunet_network import read_definition
        from pedcontour.inference.nnunet_torch import DeviceUse, TorchNetworks

        definition = read_definition(toy_model.plans, toy_model.dataset, toy_model.configuration)
        cpu = torch.device("cpu")
        use = DeviceUse(OnDevice(cpu), 2, None)
        with one_thread():
            yield NnunetEngine(toy_model, definition, TorchNetworks(toy_model, definition, cpu, 1, use))

    @pytest.fixture
    def image(self) -> Volume:
        return toy_image((42, 44, 70), (2.5, 2.9, 2.0), seed=3)[0]


@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
class TestCudaEngine(EngineContract):
    """PyTorch on a graphics card, two tiles at once, recorded, in mixed precision, arrays on the card."""

    @pytest.fixture
    def engine(self, toy_model: ModelBundle) -> Engine:
        from pedcontour.inference.choice import EngineChoice, load_engine

        return load_engine(toy_model, EngineChoice(device="cuda"))

    @pytest.fixture
    def image(self) -> Volume:
        return toy_image((42, 44, 70), (2.5, 2.9, 2.0), seed=3)[0]


class TestShadeEngine(EngineContract):
    """The stand-in that the service's tests run on keeps the same promises."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        return ShadeEngine(write_stand_in_model(tmp_path))

    @pytest.fixture
    def image(self) -> Volume:
        return shaded_torso()
