"""Where a site's nnU-Net works: its three folders, told to it by the environment, and a folder for each round."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody in the field knows it by

from pedcontour.federation.nnunet.dataset import Case, SiteDataset
from pedcontour.storage.local import flush

DATASET_ID = 700
PLANS = "nnUNetPlans"
CONFIGURATION = "3d_fullres"
READER = "SimpleITKIO"


@dataclass(frozen=True)
class Workplace:
    """A folder of the site's own disk, for one run. Losing it costs time and nothing else."""

    root: Path
    run: str

    @property
    def dataset_name(self) -> str:
        """What nnU-Net calls the run's data; the same at every site."""
        return f"Dataset{DATASET_ID}_{self.run}"

    @property
    def preprocessed(self) -> Path:
        """nnU-Net's folder of plans, fingerprint and preprocessed cases."""
        return self.root / "nnUNet_preprocessed" / self.dataset_name

    @property
    def plans(self) -> Path:
        """The plans that all sites agreed on."""
        return self.preprocessed / f"{PLANS}.json"

    def announce(self, workers: int) -> None:
        """Tell nnU-Net where to work, and in how many processes to augment; it asks the environment."""
        for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
            os.environ[name] = str(self.root / name)
        os.environ["nnUNet_n_proc_DA"] = str(workers)

    def describe(self, dataset: SiteDataset, organs: tuple[str, ...], total: int) -> dict[str, Any]:
        """Write and return ``dataset.json``: all that nnU-Net plans with is the same at every site.

        The site's cases stay where they are and are listed by their paths; ``total`` counts those of all sites.
        """
        description = {
            "channel_names": {"0": "CT"},
            "labels": {"background": 0} | {organ: number for number, organ in enumerate(organs, start=1)},
            "numTraining": total,
            "file_ending": ".nii.gz",
            "overwrite_image_reader_writer": READER,
        }
        listed = {
            case.name: {"images": [str(case.image.resolve())], "label": str(self.labels(case, dataset).resolve())}
            for case in dataset.cases
        }
        raw = self.root / "nnUNet_raw" / self.dataset_name
        for folder in (raw, self.preprocessed):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "dataset.json").write_text(json.dumps(description | {"dataset": listed}, indent=2))
        return description

    def labels(self, case: Case, dataset: SiteDataset) -> Path:
        """A case's label map with the charter's numbers, written here where the site's are others."""
        if dataset.is_numbered_as_the_charter:
            return case.labels
        path = self.root / "labels" / f"{case.name}.nii.gz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}")
            _renumber(case.labels, part, dataset.numbers)
            part.replace(path)
        return path

    def round(self, number: int, start: str) -> Path:
        """The folder for training in a round from the model of this digest."""
        return self.root / "rounds" / f"{number:04d}-{start[:16]}"

    def rounds(self, number: int) -> list[Path]:
        """The folders of a round, the one used last first: one for each model that it was begun with."""
        folders = (self.root / "rounds").glob(f"{number:04d}-*")
        return sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)

    def keep_rounds(self, kept: Iterable[int]) -> None:
        """Remove the folders of all other rounds."""
        prefixes = tuple(f"{number:04d}-" for number in kept)
        for folder in (self.root / "rounds").glob("*"):
            if not folder.name.startswith(prefixes):
                shutil.rmtree(folder)

    def drop_round(self, number: int) -> None:
        """Remove the folders of a round."""
        for folder in self.rounds(number):
            shutil.rmtree(folder)


def replace_with(part: Path, path: Path) -> None:
    """Give a finished file its name, so that it is there whole or not at all, also after a power cut."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    flush(path.parent)


def _renumber(source: Path, target: Path, numbers: dict[int, int]) -> None:
    labels = sitk.ReadImage(str(source))
    voxels = sitk.GetArrayFromImage(labels)
    table = np.zeros(max(*numbers, int(voxels.max())) + 1, np.uint8)
    for mine, theirs in numbers.items():
        table[mine] = theirs
    renumbered = sitk.GetImageFromArray(table[voxels])
    renumbered.CopyInformation(labels)
    sitk.WriteImage(renumbered, str(target), useCompression=True)
