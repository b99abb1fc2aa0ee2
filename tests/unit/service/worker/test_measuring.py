"""What a worker's figures tell of waits, runs, stages and ends."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.contour.stages import StageProgress
from pedcontour.errors import CancelledError, GantryTiltError, JobTableError
from service.figures import Figure, MemoryFigures
from service.jobs import Job, Options
from service.worker.measuring import MeasuredContourer
from service.worker.run import Contoured

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Contoured((), (), ())


class Bench:
    """A contourer whose stages take as long as they are told to."""

    def __init__(self, fail: Callable[[], None] = lambda: None) -> None:
        self.seconds = 0.0
        self.figures = MemoryFigures()
        self.fail = fail
        self.contour = MeasuredContourer(self._contour, self.figures, lambda: NOW, lambda: self.seconds)

    def _contour(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        for stage, seconds in (("read", 2.0), ("segment", 20.0), ("segment", 20.0), ("write", 1.0)):
            progress(stage, 0.5)
            self.seconds += seconds
        self.fail()
        return NOTHING

    def run(self, attempt: int = 1) -> Contoured:
        accepted = NOW - timedelta(seconds=3)
        job = Job("a", Options("m"), accepted, accepted, attempt=attempt)
        return self.contour(job, Path(), Path(), lambda stage, share: None)


def of(figures: Mapping[Figure, float], name: str, part: str) -> dict[str, float]:
    return {figure.label: value for figure, value in figures.items() if (figure.name, figure.part) == (name, part)}


def test_a_done_job_is_measured_stage_by_stage() -> None:
    bench = Bench()
    assert bench.run() is NOTHING
    figures = bench.figures.read()
    assert of(figures, "stage_seconds", "sum") == {"read": 2.0, "segment": 40.0, "write": 1.0}
    assert of(figures, "run_seconds", "sum") == {"": 43.0}
    assert of(figures, "run_seconds", "60.0") == {"": 1.0} and of(figures, "run_seconds", "30.0") == {}
    assert of(figures, "wait_seconds", "sum") == {"": 3.0}
    assert of(figures, "attempts", "count") == {"done": 1.0}


def test_a_job_waits_once_however_often_it_is_tried() -> None:
    bench = Bench()
    bench.run()
    bench.run(attempt=2)
    assert of(bench.figures.read(), "wait_seconds", "count") == {"": 1.0}


@pytest.mark.parametrize(
    ("error", "end", "failures"),
    [
        (GantryTiltError(), "failed", {"GANTRY_TILT": 1.0}),
        (CancelledError(), "cancelled", {}),
        (OSError("no space"), "broken", {}),
    ],
)
def test_other_ends_are_counted_by_their_kind_and_go_on_to_the_caller(
    error: Exception, end: str, failures: dict[str, float]
) -> None:
    def fail() -> None:
        raise error

    bench = Bench(fail)
    with pytest.raises(type(error)):
        bench.run()
    figures = bench.figures.read()
    assert of(figures, "attempts", "count") == {end: 1.0}
    assert of(figures, "failures", "count") == failures
    assert of(figures, "run_seconds", "count") == {}


def test_figures_that_cannot_be_kept_spoil_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def refuse(amounts: object) -> None:
        raise JobTableError

    monkeypatch.setattr(bench.figures, "add", refuse)
    assert bench.run() is NOTHING
