"""A network takes no more memory than its definition says."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pedcontour.inference.memory import CLEAR_REFS, MIB
from pedcontour.inference.running_memory import tile_bytes
from tests.unit.inference.planned import definition_with

MODELS = Path(__file__).parents[3] / "models"

_RUN = """
import sys
from pathlib import Path
import torch
from pedcontour.bundle import find_model
from pedcontour.inference.choice import EngineChoice, _networks
from pedcontour.inference.memory import STATUS, _kibibytes, forget_peak, peak_resident_bytes
from pedcontour.inference.nnunet_network import read_definition

runtime, models = sys.argv[1:]
torch.set_grad_enabled(False)
bundle = find_model(Path(models), None)
definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
networks = _networks(EngineChoice("cpu", runtime, threads=1))[0](bundle, definition)
tile = torch.zeros((1, 1, *definition.patch_size))
networks.network(half=True)(tile)  # as a worker's warm-up does
again = networks.memory(half=True)
forget_peak()
before = _kibibytes(STATUS, "VmRSS")
said = networks.memory(half=False)
networks.network(half=False)(tile)
print(said.kept + said.passing, peak_resident_bytes() - before, again.kept, networks.memory(half=False).kept)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.access(CLEAR_REFS, os.W_OK), reason="this system does not measure a process's memory anew")
@pytest.mark.parametrize(
    "runtime",
    [
        "torch",
        pytest.param(
            "openvino", marks=pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
        ),
    ],
)
def test_a_network_takes_no_more_than_was_said_and_not_much_less(runtime: str) -> None:
    command = [sys.executable, "-c", _RUN, runtime, str(MODELS)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    said, taken, kept_in_half, kept = map(int, run.stdout.split())
    assert 0.4 * said < taken < 1.1 * said + 64 * MIB
    assert kept_in_half == kept == 0, "what has run takes nothing more for good"


def test_coarser_stages_take_less_and_more_features_more() -> None:
    toy = definition_with({})
    larger = definition_with({"patch_size": [64, 96, 96]})
    assert tile_bytes(larger) == 8 * tile_bytes(toy)
    voxels = 32 * 48 * 48
    assert tile_bytes(toy) > 4 * (toy.channels + 8) * voxels, "the finest stage has 8 features"
