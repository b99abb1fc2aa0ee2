"""Our side of the rows that run a network: what ``pedcontour contour`` does, warm or in a process of its own.

The network runs in full, and its scores become labels; then the phantom's truth takes the place of those labels, for a
network with made-up weights draws noise, and no one writes noise as contours.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.bench.process_tree import run_watched
from benchmarks.bench.side import Timed

Given = Mapping[str, Any]
"""``case`` and ``model``: folders; ``mode``; ``cache`` of converted networks; ``work``: a folder for what is made; and
``device``, the processor if left out."""


def warm(given: Given) -> Timed:
    """Job after job with a loaded engine, as a worker runs them."""
    contour = loaded(given)

    def run() -> dict[str, Any]:
        return facts(contour()) | card_facts(given)

    return run


def cold(given: Given) -> Timed:
    """A process for each job, from its start to its end: libraries, the model from the cache, one job."""
    told = Path(given["work"]) / f"cold-{given['mode']}.json"
    command = [sys.executable, "-m", "benchmarks.bench.contouring", json.dumps(dict(given)), str(told)]

    def run() -> dict[str, Any]:
        peak_mib = run_watched(command)
        figures: dict[str, Any] = json.loads(told.read_text())
        return figures | {"peak_mib": peak_mib}

    return run


def loaded(given: Given) -> Callable[[], dict[str, Any]]:
    """What ``pedcontour contour`` prepares; returns what contours the case and gives the report as data."""
    from benchmarks.bench.teen import IDENTITY, Teen
    from pedcontour.bundle import load_bundle
    from pedcontour.contour import ContourJob, ContourRequest, contour_files
    from pedcontour.inference.choice import EngineChoice, load_engine

    case, out = Teen(Path(given["case"])), Path(given["work"]) / f"out-{given['mode']}"
    bundle = load_bundle(Path(given["model"]))
    engine = TruthAfter(load_engine(bundle, EngineChoice(given.get("device", "cpu"), cache=Path(given["cache"]))), case)
    job = ContourJob(engine, bundle, ContourRequest(mode=given["mode"]), IDENTITY)

    def contour() -> dict[str, Any]:
        shutil.rmtree(out, ignore_errors=True)
        return contour_files(case.files, out, job, lambda *_: None).report

    return contour


class TruthAfter:
    """An ``Engine`` that runs another, and then gives the truth."""

    def __init__(self, engine: Any, case: Any) -> None:
        self._engine, self._labels = engine, case.labels
        self.model_id, self.organs = engine.model_id, engine.organs

    def warm_up(self) -> None:
        """That of the other."""
        self._engine.warm_up()

    def memory_bytes(self, image: Any, *mode: Any) -> int:
        """That of the other."""
        return int(self._engine.memory_bytes(image, *mode))

    def segment(self, image: Any, progress: Any, *mode: Any) -> Any:
        """The prediction with other labels, all drawn with certainty."""
        prediction = self._engine.segment(image, progress, *mode)
        labels = replace(prediction.labels, voxels=self._labels)
        return replace(prediction, labels=labels, confidence=dict.fromkeys(self.organs.values(), 0.9), spread={})


def facts(report: Mapping[str, Any]) -> dict[str, Any]:
    """Tiles and seconds by stage, as the report tells them."""
    software = report["software"]
    tiles = {name: software[name] for name in ("tiles_run", "tiles_skipped")}
    return {**tiles, "engine": software["engine"], "stages_s": software["timings_s"]}


def card_facts(given: Given) -> dict[str, float]:
    """The most of a card's memory that this process ever held, where it used one."""
    import torch

    device = given.get("device", "cpu")
    return {} if device == "cpu" else {"card_peak_mib": torch.cuda.max_memory_reserved(device) / 2**20}


def main() -> None:
    """One job; its facts, and the seconds before it, into a file."""
    began = perf_counter()
    given = json.loads(sys.argv[1])
    contour = loaded(given)
    ready = perf_counter()
    told = facts(contour()) | card_facts(given)
    seconds = {"load_s": ready - began, "job_s": perf_counter() - ready}
    Path(sys.argv[2]).write_text(json.dumps(told | seconds))


if __name__ == "__main__":
    main()
