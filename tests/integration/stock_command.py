"""The ``nnUNetv2_predict`` command on made-up images."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK

from pedcontour.volume import Volume
from tests.toy_nnunet import CONFIGURATION, DATASET, toy_environment

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Stock:
    """How the command runs: with which folds, and whether it mirrors tiles."""

    folds: tuple[int, ...] = (0,)
    mirrored: bool = False


def stock_labels(results: Path, images: Mapping[str, Volume], scratch: Path, how: Stock) -> dict[str, Labels]:
    """What the command draws with the training in ``results``, by the images' names; axes ``(k, j, i)``."""
    inputs, outputs = scratch / "in", scratch / "out"
    for folder in (inputs, outputs):
        folder.mkdir()
    for name, volume in images.items():
        image = SimpleITK.GetImageFromArray(volume.voxels)
        image.SetSpacing(volume.grid.spacing_mm[::-1])
        SimpleITK.WriteImage(image, str(inputs / f"{name}_0000.nii.gz"))
    command = [str(Path(sys.executable).parent / "nnUNetv2_predict")]
    command += ["-i", str(inputs), "-o", str(outputs), "-d", DATASET, "-c", CONFIGURATION]
    command += ["-f", *map(str, how.folds), "-device", "cpu", "-npp", "1", "-nps", "1"]
    command += [] if how.mirrored else ["--disable_tta"]
    environment = os.environ | toy_environment(results.parents[2]) | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    return {name: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(outputs / f"{name}.nii.gz"))) for name in images}


def dice(ours: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> float:
    """Dice of two masks, not both empty."""
    return float(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))
