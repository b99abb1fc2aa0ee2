"""Our engine draws what the ``nnUNetv2_predict`` command draws, mirroring off, from the same weights and image."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from pedcontour.bundle import ModelBundle
from tests.toy_nnunet import CONFIGURATION, DATASET, one_thread, toy_environment, toy_image

pytestmark = pytest.mark.slow

LEAST_DSC = 0.999
"""The project's bar for equality to stock in float32. On one machine with one thread it is 1 exactly; another number of
threads may round sums differently."""

CASES = {
    # An image larger than a tile along every axis, pixels not square, slices apart, rows and columns of other number.
    "anisotropic": ((70, 110, 132), (2.0, 1.3, 1.4)),
    # Slices more than three times as far apart as pixels: nnU-Net then resamples the slices on their own.
    "thick_slices": ((24, 96, 130), (6.0, 1.5, 1.25)),
}
AIR_SLICES = 3
"""Slices of zeros at both ends, as a scanner pads: nnU-Net crops them away and puts them back."""


@pytest.fixture(scope="module")
def stock(toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, npt.NDArray[np.uint8]]:
    """Labels by stock nnU-Net, all cases in one run of its command."""
    folder = tmp_path_factory.mktemp("stock")
    inputs, outputs = folder / "in", folder / "out"
    inputs.mkdir()
    for name in CASES:
        image = SimpleITK.GetImageFromArray(_voxels(name))
        image.SetSpacing(CASES[name][1][::-1])
        SimpleITK.WriteImage(image, str(inputs / f"{name}_0000.nii.gz"))
    command = [str(Path(sys.executable).parent / "nnUNetv2_predict")]
    command += ["-i", str(inputs), "-o", str(outputs), "-d", DATASET, "-c", CONFIGURATION, "-f", "0"]
    command += ["--disable_tta", "-device", "cpu", "-npp", "1", "-nps", "1"]
    environment = os.environ | toy_environment(toy_results.parents[2]) | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    files = {name: str(outputs / f"{name}.nii.gz") for name in CASES}
    return {name: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(file)) for name, file in files.items()}


def _voxels(name: str) -> npt.NDArray[np.int16]:
    image, _ = toy_image(*CASES[name], seed=11)
    image.voxels[:AIR_SLICES] = image.voxels[-AIR_SLICES:] = 0
    voxels: npt.NDArray[np.int16] = image.voxels
    return voxels


@pytest.mark.parametrize("name", CASES)
def test_every_organ_is_what_the_nnunet_command_draws(
    name: str, stock: dict[str, npt.NDArray[np.uint8]], toy_model: ModelBundle
) -> None:
    from pedcontour.inference.nnunet_torch import TorchEngine
    from pedcontour.volume import Volume

    image, _ = toy_image(*CASES[name], seed=11)
    with one_thread():
        prediction = TorchEngine(toy_model).segment(Volume(image.grid, _voxels(name)), lambda _: None)
    theirs = np.array(toy_model.label_of_channel, np.uint8)[stock[name]]
    for label, organ in toy_model.organs.items():
        ours, reference = prediction.labels.voxels == label, theirs == label
        assert reference.sum() > 1000, f"{organ} is hardly there: the comparison would say nothing"
        dsc = 2 * (ours & reference).sum() / (ours.sum() + reference.sum())
        assert dsc >= LEAST_DSC, f"{organ}: {dsc}"
