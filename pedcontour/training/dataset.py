"""Training cases as an nnU-Net v2 raw data set on disk."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.nifti import write_nifti
from pedcontour.organs import default_labels
from pedcontour.orientation import AxisChange
from pedcontour.volume import Volume


def write_raw_dataset(folder: Path, recipes: Iterable[tuple[str, Callable[[], TrainingCase]]]) -> int:
    """Write ``imagesTr`` and ``labelsTr`` in canonical orientation; cases already on disk are kept. Returns the count.

    A recipe is a name and a function that makes the case, called only when its files are missing: a stopped run goes
    on.
    """
    images, labels = folder / "imagesTr", folder / "labelsTr"
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(exist_ok=True)
    count = 0
    for name, make in recipes:
        count += 1
        label_path = labels / f"{name}.nii.gz"
        if label_path.exists():
            continue
        case = make()
        change = AxisChange.to_canonical(case.image.grid)
        write_nifti(change.volume(case.image), images / f"{name}_0000.nii.gz")
        truth = change.label_map(case.truth)
        partial = labels / f"{name}.part.nii.gz"
        write_nifti(Volume(truth.grid, truth.voxels), partial)
        partial.rename(label_path)
    _write_description(folder, count)
    return count


def _write_description(folder: Path, count: int) -> None:
    labels = {"background": 0} | {organ: label for label, organ in default_labels().items()}
    description = {
        "channel_names": {"0": "CT"},
        "labels": labels,
        "numTraining": count,
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "SimpleITKIO",
    }
    (folder / "dataset.json").write_text(json.dumps(description, indent=2))
