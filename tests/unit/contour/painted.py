"""A patient whose organs are painted with one HU each, and an engine in memory that reads them from it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pedcontour.bundle import ModelBundle
from pedcontour.contour import ContourJob, ContourRequest
from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.inference.port import Prediction, Progress
from pedcontour.organs import default_labels
from pedcontour.volume import LabelMap, Volume
from tests.unit.postprocessing.torso import torso

FIRST_HU = 1000
"""The painted organ of label n has FIRST_HU + n HU: no tissue of the torso has."""

DIGEST = "0123456789abcdef" * 4


class PaintReader:
    """An ``Engine`` that finds the painted organs, in whatever orientation they come."""

    model_id = "paint-reader"

    def __init__(self, confidence: float = 0.9) -> None:
        self._confidence = confidence

    @property
    def organs(self) -> Mapping[int, str]:
        return default_labels()

    def warm_up(self) -> None:
        """Nothing: there is no network to be loaded."""

    def memory_bytes(self, image: Volume, mode: Mode = DEFAULT_MODE) -> int:
        return 0

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        progress(0.0)
        found = image.voxels.astype(int) - FIRST_HU
        voxels = np.where((found >= 1) & (found <= 19), found, 0).astype(np.uint8)
        progress(1.0)
        labels = LabelMap(image.grid, voxels, self.organs)
        confidence = {organ: self._confidence for label, organ in self.organs.items() if (voxels == label).any()}
        return Prediction(labels, confidence, "in-memory", {"network": 0.0}, mode=mode)


def painted_series(folder: Path, without: frozenset[str] = frozenset()) -> list[Path]:
    """The torso of the postprocessing tests as a DICOM series, its organs painted."""
    image, labels = torso(without)
    hu = np.where(labels.voxels > 0, FIRST_HU + labels.voxels.astype(np.int16), image.voxels)
    return write_ct_series(Volume(image.grid, hu), folder, SyntheticStudy(seed=3))


def painted_job(request: ContourRequest | None = None, engine: PaintReader | None = None) -> ContourJob:
    """A job for it, with a model bundle that has no files."""
    engine = engine or PaintReader()
    model = ModelBundle(
        folder=Path("nowhere"),
        id=engine.model_id,
        name="Reads painted organs",
        version="1",
        digest=DIGEST,
        organs=engine.organs,
        label_of_channel=(),
        configuration="",
        plans={},
        dataset={},
    )
    identity = ResultIdentity("job-1", datetime(2026, 3, 1, 9, 30, tzinfo=UTC), model.id, DIGEST, "0.1.0")
    return ContourJob(engine, model, request or ContourRequest(), identity)
