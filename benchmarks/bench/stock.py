"""Stock nnU-Net by its own command, without mirroring: on the CPU in float32, on a card as it runs by itself."""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bench.networks import CONFIGURATION, DATASET, Training
from benchmarks.bench.process_tree import environment_with, run_watched

CASE = "case"


def predict(training: Training, folder: Path, device: str = "cpu") -> float:
    """``folder/in`` to ``folder/out`` by ``nnUNetv2_predict``; returns the peak memory of its processes in MiB."""
    command = [str(Path(sys.executable).parent / "nnUNetv2_predict"), "-i", str(folder / "in")]
    command += ["-o", str(folder / "out"), "-d", DATASET, "-c", CONFIGURATION, "-f", "0"]
    command += ["-device", device, "--disable_tta"]
    # It asks for all three; only the results are read.
    homes = {f"nnUNet_{kind}": str(training.results.absolute()) for kind in ("raw", "preprocessed", "results")}
    return run_watched(command, environment_with(homes))


def image_path(folder: Path) -> Path:
    """Where ``predict`` looks for the image of a case."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    return folder / "in" / f"{CASE}_0000.nii.gz"


def predicted(folder: Path) -> npt.NDArray[np.uint8]:
    """The labels that ``predict`` wrote, axes ``(k, j, i)`` as those of the image."""
    import SimpleITK

    image = SimpleITK.ReadImage(str(folder / "out" / f"{CASE}.nii.gz"))
    return np.asarray(SimpleITK.GetArrayFromImage(image), np.uint8)
