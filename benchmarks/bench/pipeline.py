"""Row ``pipeline``: everything of a job but the network, for the case "teen": processor seconds a stage.

The network's place is taken by one that knows the truth. ``intake`` is what the intake's process does with the upload;
the other stages are those of ``pedcontour.contour``, in the warm child; ``report`` is what follows.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.bench.rows import Figures, Row
from benchmarks.bench.side import Timed
from benchmarks.bench.sides import Side, in_turns
from benchmarks.bench.stage_clock import contour_by_stages
from benchmarks.bench.teen import IDENTITY, Teen, teen
from pedcontour.contour import ContourJob, ContourRequest
from pedcontour.dicom.rewrite import rewrite_series
from pedcontour.inference.port import Prediction, Progress
from pedcontour.organs import default_labels
from pedcontour.volume import LabelMap, Volume
from tests.stand_ins.model import write_stand_in_model

MODEL = "stand-in"


class Oracle:
    """An ``Engine`` that knows the answer."""

    def __init__(self, case: Teen) -> None:
        self.model_id = MODEL
        self.organs: Mapping[int, str] = default_labels()
        self._labels = case.labels

    def warm_up(self) -> None:
        """Nothing: there is no network to be loaded."""

    def memory_bytes(self, *_: object) -> int:
        """None to speak of."""
        return 0

    def segment(self, image: Volume, progress: Progress, *_: object) -> Prediction:
        """The truth, whatever the image."""
        progress(1.0)
        labels = LabelMap(image.grid, self._labels, self.organs)
        return Prediction(labels, dict.fromkeys(self.organs.values(), 0.9), MODEL)


def measure() -> list[Figures]:
    """Median processor seconds of every stage, and of their sum without the network's."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"case": str(teen().folder), "work": folder}
        sides = {name: Side(f"{__name__}:{name}", given) for name in ("intake", "contouring")}
        runs = in_turns(sides)
    intake, contouring = runs["intake"], runs["contouring"]
    stages = {"intake": intake.median("cpu_s")} | {
        name.removesuffix("_cpu_s"): contouring.median(name)
        for name in contouring.last
        if name.endswith("_cpu_s") and name != "segment_cpu_s"
    }
    total: Figures = {
        "name": "pipeline",
        "ours": round(sum(stages.values()), 2),
        "unit": "processor s",
        "n": len(intake.figures),
        "ours_wall_s": round(intake.median("seconds") + contouring.median("seconds"), 2),
        "ours_peak_mib": round(max(intake.median("peak_mib"), contouring.median("peak_mib"))),
    }
    rest = [{"name": f"pipeline/{name}", "ours": round(s, 2), "unit": "processor s"} for name, s in stages.items()]
    return [total, *rest]


def intake(given: dict[str, Any]) -> Timed:
    """The upload to clean files."""
    files = Teen(Path(given["case"])).files

    def take_in() -> None:
        clean = Path(given["work"]) / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        clean.mkdir()
        rewrite_series(files, clean)

    return take_in


def contouring(given: dict[str, Any]) -> Timed:
    """The clean files, as the intake's side leaves them, to results."""
    work = Path(given["work"])
    model = write_stand_in_model(work / "models")
    engine = Oracle(Teen(Path(given["case"])))

    def contour() -> dict[str, float]:
        job = ContourJob(engine, model, ContourRequest(), IDENTITY)
        return contour_by_stages(sorted((work / "clean").iterdir()), work / "out", job)

    return contour


ROW = Row("pipeline", "everything of a job but the network, by stage", measure)
