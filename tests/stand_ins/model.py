"""A model whose network is a ruler: it tells organs apart by the shade of grey that ``shaded_torso`` paints them in."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.bundle.description import DESCRIPTION_NAME, Description, write_description
from pedcontour.bundle.manifest import write_manifest
from pedcontour.bundle.weights import weights_names
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.inference.port import Prediction, Progress
from pedcontour.organs import default_labels
from pedcontour.volume import Grid, LabelMap, Volume
from tests.toy_nnunet import CONFIGURATION, toy_plans

MODEL_ID = "stand-in"
FIRST_SHADE_HU, SHADE_STEP_HU = 100, 40
"""Label n is painted in 100 + 40 n HU: far apart, and far from the 0 HU of the body around."""

STEPS = 20


def write_stand_in_model(root: Path, model_id: str = MODEL_ID, folds: tuple[str, ...] = ()) -> ModelBundle:
    """A model folder that is in order, but for its weights, which are no network's: each file holds its own name."""
    folder = root / model_id
    folder.mkdir(parents=True)
    organs = default_labels()
    description = Description(
        id=model_id,
        name="Stand-in",
        version="1",
        licence="Apache-2.0",
        intended_use="Tests of the service.",
        configuration=CONFIGURATION,
        organ_of_label=organs,
        folds=folds,
    )
    labels = {"background": 0} | {organ: label for label, organ in organs.items()}
    (folder / DESCRIPTION_NAME).write_text(write_description(description))
    (folder / "plans.json").write_text(json.dumps(toy_plans()))
    (folder / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": labels}))
    for name in weights_names(folds):
        (folder / name).write_text(name)
    (folder / "card.md").write_text("# Stand-in\n\nDraws what is painted.\n")
    write_manifest(folder)
    return load_bundle(folder)


class ShadeEngine:
    """An ``Engine`` that reads labels from shades, and takes as long as it is told to: also while a file is there."""

    def __init__(self, model: ModelBundle, seconds: float = 0.0, held_by: Path | None = None) -> None:
        self._held_by = held_by
        self.model_id = model.id
        self.organs: Mapping[int, str] = model.organs
        self._seconds = seconds

    def warm_up(self) -> None:
        """Nothing: there is no network to be loaded."""

    def memory_bytes(self, image: Volume, mode: Mode = DEFAULT_MODE) -> int:
        return 0

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        for step in range(STEPS):
            threading.Event().wait(self._seconds / STEPS)
            progress((step + 1) / STEPS)
        while self._held_by is not None and self._held_by.exists():
            threading.Event().wait(0.05)
            progress(1.0)
        shade = np.round((image.voxels - FIRST_SHADE_HU) / SHADE_STEP_HU)
        known = (shade >= 1) & (shade <= max(self.organs))
        labels = LabelMap(image.grid, np.where(known, shade, 0).astype(np.uint8), self.organs)
        drawn = [organ for label, organ in self.organs.items() if (labels.voxels == label).any()]
        return Prediction(labels, dict.fromkeys(drawn, 0.9), "stand-in", mode=mode)


def shaded_torso(slices: int = 12, rows: int = 64, columns: int = 72) -> Volume:
    """A box of a body with a block of its own shade for every organ, feet first slice, 5 x 4 x 4 mm."""
    voxels = np.full((slices, rows, columns), -1000, np.int16)
    voxels[:, 4:-4, 4:-4] = 0
    for label in default_labels():
        row, column = divmod(label - 1, 5)
        block = (slice(2, -2), slice(8 + 12 * row, 16 + 12 * row), slice(8 + 12 * column, 16 + 12 * column))
        voxels[block] = FIRST_SHADE_HU + SHADE_STEP_HU * label
    affine = np.array([[0, 0, 4.0, -142], [0, 4.0, 0, -126], [5.0, 0, 0, -30], [0, 0, 0, 1]])
    return Volume(Grid(voxels.shape, affine), voxels)
