"""Our engines draw what the ``nnUNetv2_predict`` command draws from the same weights and image, each mode within its
bound.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from pedcontour.bundle import ModelBundle
from pedcontour.inference.choice import EngineChoice, Runtime, load_engine
from pedcontour.inference.modes import Mode
from pedcontour.volume import Volume
from tests.integration.stock_command import Labels, Stock, dice, stock_labels
from tests.toy_nnunet import one_thread, toy_image

pytestmark = pytest.mark.slow

BOUNDS: dict[tuple[str, Runtime, Mode], float] = {
    ("cpu", "torch", "exact"): 0.999,
    ("cpu", "openvino", "exact"): 0.999,
    ("cpu", "openvino", "standard"): 0.995,
    ("cpu", "openvino", "fast"): 0.98,
    ("cpu", "openvino", "tta"): 0.995,
    ("cuda", "torch", "exact"): 0.999,
    ("cuda", "torch", "standard"): 0.997,
}
"""Least Dice of an organ, on this toy, which looks no further than a few voxels: a real network's tiles differ more
where ``fast`` lays them in other places (docs/modes.md). ``tta`` is compared with the command's own mirroring."""

CASES = {
    # An image larger than a tile along every axis, pixels not square, slices apart, rows and columns of other number.
    "anisotropic": ((70, 110, 132), (2.0, 1.3, 1.4)),
    # Slices more than three times as far apart as pixels: nnU-Net then resamples the slices on their own.
    "thick_slices": ((24, 96, 130), (6.0, 1.5, 1.25)),
}
MIRRORED_CASE = "thick_slices"
"""The smaller one: eight mirror images take stock eight times as long."""

AIR_SLICES = 3
"""Slices of zeros at both ends, as a scanner pads: nnU-Net crops them away and puts them back."""


@pytest.fixture(scope="module")
def stock(toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Labels]:
    """Labels by stock nnU-Net, by case and by whether tiles were mirrored; its command runs once for each."""
    found: dict[tuple[str, bool], Labels] = {}
    for mirrored, names in ((False, list(CASES)), (True, [MIRRORED_CASE])):
        images = {name: _image(name) for name in names}
        drawn = stock_labels(toy_results, images, tmp_path_factory.mktemp("stock"), Stock(mirrored=mirrored))
        found |= {(name, mirrored): labels for name, labels in drawn.items()}
    return found


def _image(name: str) -> Volume:
    image, _ = toy_image(*CASES[name], seed=11)
    voxels = image.voxels.copy()
    voxels[:AIR_SLICES] = voxels[-AIR_SLICES:] = 0
    return Volume(image.grid, voxels)


@pytest.mark.parametrize(
    ("name", "device", "runtime", "mode"),
    [(name, *key) for name in CASES for key in BOUNDS if key[-1] != "tta" or name == MIRRORED_CASE],
)
def test_every_organ_is_what_the_nnunet_command_draws(
    name: str,
    device: str,
    runtime: Runtime,
    mode: Mode,
    stock: dict[tuple[str, bool], Labels],
    toy_model: ModelBundle,
    toy_cache: Path,
) -> None:
    if runtime == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    with one_thread():
        engine = load_engine(toy_model, EngineChoice(device=device, runtime=runtime, threads=1, cache=toy_cache))
        prediction = engine.segment(_image(name), lambda _: None, mode)
    theirs = np.array(toy_model.label_of_channel, np.uint8)[stock[name, mode == "tta"]]
    for label, organ in toy_model.organs.items():
        ours, reference = prediction.labels.voxels == label, theirs == label
        assert reference.sum() > 1000, f"{organ} is hardly there: the comparison would say nothing"
        dsc = dice(ours, reference)
        assert dsc >= BOUNDS[device, runtime, mode], f"{organ}: {dsc}"
