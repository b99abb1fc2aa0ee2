"""The data sets of made-up hospitals on disk, and of both together, each as a site of a federation takes it."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pedcontour.datasets.annotations import ANNOTATIONS_FILE, Annotations, encode_annotations, read_annotations
from pedcontour.datasets.hospitals import Hospital, annotation, training_child, training_torso
from pedcontour.datasets.nifti import read_nifti
from pedcontour.datasets.torso import TorsoTemplate
from pedcontour.organs import all_organs
from pedcontour.training.dataset import write_raw_dataset

IMAGES, LABELS, DESCRIPTION = "imagesTr", "labelsTr", "dataset.json"
ENDING = ".nii.gz"


@dataclass(frozen=True)
class Patients:
    """How many a hospital has: made-up children, and variations of a torso where there is one."""

    children: int
    torsos: int = 0
    template: TorsoTemplate | None = None


def write_hospital(folder: Path, hospital: Hospital, patients: Patients) -> int:
    """Write a hospital's raw data set and what is annotated in it; cases on disk are kept. Returns their count."""
    recipes = [
        (f"{hospital.name}_child_{number:04d}", partial(training_child, hospital, number))
        for number in range(patients.children)
    ]
    if patients.template is not None:
        recipes += [
            (f"{hospital.name}_torso_{number:04d}", partial(training_torso, hospital, patients.template, number))
            for number in range(patients.torsos)
        ]
    count = write_raw_dataset(folder, recipes)
    cases = {name: annotation(hospital, name, read_nifti(_labels(folder, name)).voxels) for name, _ in recipes}
    _write_annotations(folder, Annotations(hospital.name, tuple(all_organs()), cases))
    return count


def pool(folder: Path, parts: Sequence[Path], site: str) -> int:
    """Put hospitals' data sets together as those of one site, without a second copy of their files where the disk can.

    Returns the count of cases.
    """
    told = [read_annotations(part) for part in parts]
    cases = {name: case for one in told for name, case in one.cases.items()}
    for kind in (IMAGES, LABELS):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for part in parts:
            for path in sorted((part / kind).glob(f"*{ENDING}")):
                _share(path, folder / kind / path.name)
    description = json.loads((parts[0] / DESCRIPTION).read_text()) | {"numTraining": len(cases)}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2))
    _write_annotations(folder, Annotations(site, told[0].organs, cases))
    return len(cases)


def _labels(folder: Path, name: str) -> Path:
    return folder / LABELS / f"{name}{ENDING}"


def _write_annotations(folder: Path, annotations: Annotations) -> None:
    (folder / ANNOTATIONS_FILE).write_bytes(encode_annotations(annotations))


def _share(source: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        part = target.with_name(f".{target.name}")
        shutil.copyfile(source, part)
        part.replace(target)
