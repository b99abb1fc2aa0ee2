"""The supervisor of the warm child beside others: real children that take turns at the gate."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pedcontour.errors import (
    CancelledError,
    OutOfMemoryError,
    PedcontourError,
    ProcessEndedError,
)
from service.worker.gate import Gate, Passage
from service.worker.inference import LOOK_EVERY_S, InferenceChild
from service.worker.patience import STOP_GRACE_S, Patience
from tests.unit.service.worker.real_children import a_child, do, is_alive, silently

pytestmark = pytest.mark.slow


class Admitted:
    """Another lane at a gate, and whether it was let in."""

    def __init__(self, gate: Gate) -> None:
        self.is_inside = False
        gate.ask(self, Passage(self._enter))

    def _enter(self) -> None:
        self.is_inside = True


def wait_at(gate: Gate, child: InferenceChild, done: "Future[str]") -> None:
    """Until a child waits for its turn."""
    while not gate.holds_back(child):
        assert not done.done()
        time.sleep(0.01)


def test_a_child_runs_its_network_in_its_turn_and_its_time_stands_still_until_then(tmp_path: Path) -> None:
    gate = Gate()
    other = Admitted(gate)
    with a_child("none", Patience(job_s=2.0), gate=gate) as child, ThreadPoolExecutor(1) as pool:
        child.start()
        told: list[str] = []
        done = pool.submit(do, child, tmp_path, "well", lambda stage, share: told.append(stage))
        wait_at(gate, child, done)
        time.sleep(3.0)
        assert not done.done()
        assert "segment" not in told
        gate.leave(other)
        assert done.result(60) == str(child.pid)
    assert Admitted(gate).is_inside


def test_a_job_that_must_stop_leaves_the_queue_before_the_network_at_once(tmp_path: Path) -> None:
    gate = Gate()
    other = Admitted(gate)
    cancelled = threading.Event()

    def told(stage: str, share: float) -> None:
        if cancelled.is_set():
            raise CancelledError

    with a_child("none", gate=gate) as child, ThreadPoolExecutor(1) as pool:
        child.start()
        before = str(child.pid)
        done = pool.submit(do, child, tmp_path, "well", told)
        wait_at(gate, child, done)
        cancelled.set()
        with pytest.raises(CancelledError):
            done.result(2 * LOOK_EVERY_S + STOP_GRACE_S)
        assert other.is_inside and not gate.holds_back(child)
        gate.leave(other)
        assert do(child, tmp_path, "well") == before


def test_where_memory_is_short_an_idle_child_is_ended_for_the_job_of_another_and_started_for_its_own_next_job(
    tmp_path: Path,
) -> None:
    children: list[InferenceChild] = []
    gate = Gate(lambda: 1000 if children[0].pid is None else 999)  # the job asks for 1000
    with a_child("none", gate=gate) as idle, a_child("none", gate=gate) as busy:
        children.append(idle)
        idle.start()
        before = idle.pid
        assert before is not None
        do(busy, tmp_path, "well")
        assert idle.pid is None and not is_alive(before)
        (tmp_path / "again").mkdir()
        assert do(idle, tmp_path / "again", "well") != str(before)


def test_a_job_that_does_not_fit_beside_another_that_waits_is_given_back_and_its_child_makes_room(
    tmp_path: Path,
) -> None:
    children: list[InferenceChild] = []
    gate = Gate(lambda: 1000 if children[0].pid is None else 999)  # the other asks for 1000
    with a_child("none", gate=gate) as child, ThreadPoolExecutor(1) as pool:
        children.append(child)
        first = Admitted(gate)
        second: list[bool] = []
        gate.ask("second", Passage(lambda: second.append(True), needs_bytes=1000))
        done = pool.submit(do, child, tmp_path, "well")
        wait_at(gate, child, done)
        gate.end(first)
        with pytest.raises(OutOfMemoryError, match="other lanes"):
            done.result(60)
        assert (child.pid, second) == (None, [True])
        gate.end("second")
        assert do(child, tmp_path, "well", trouble=OutOfMemoryError.code)


def test_beside_others_only_the_first_child_runs_its_network_before_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "loaded"
    monkeypatch.setenv("LOADED_AHEAD", str(noted))
    gate = Gate()
    with a_child("killed", gate=gate) as first, a_child("none", gate=gate) as late:
        first.start()
        late.prepare()
        before = str(first.pid)
        assert do(late, tmp_path, "well") == str(late.pid)
        with pytest.raises(ProcessEndedError):
            do(first, tmp_path)
        (tmp_path / "again").mkdir()
        assert do(first, tmp_path / "again", "well") != before, "it was replaced"
    assert noted.read_text().split() == [before]


def test_a_child_of_its_own_loads_ahead_whenever_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = tmp_path / "loaded"
    monkeypatch.setenv("LOADED_AHEAD", str(noted))
    with a_child("killed") as child:
        child.start()
        before = str(child.pid)
        with pytest.raises(ProcessEndedError):
            do(child, tmp_path)
        after = do(child, tmp_path, "well")
    assert noted.read_text().split() == [before, after]


@pytest.mark.parametrize("fault", ["killed", "device", "refuses"])
def test_the_network_is_given_on_however_a_job_ended_in_it(tmp_path: Path, fault: str) -> None:
    gate = Gate()
    with a_child(fault, gate=gate) as child:
        with pytest.raises(PedcontourError):
            do(child, tmp_path)
        assert Admitted(gate).is_inside


def test_a_job_for_which_memory_ran_out_before_waits_for_those_that_write(tmp_path: Path) -> None:
    gate = Gate()
    other = Admitted(gate)
    gate.leave(other)
    with a_child("none", gate=gate) as child, ThreadPoolExecutor(1) as pool:
        do(child, tmp_path, "well")
        (tmp_path / "again").mkdir()
        done = pool.submit(do, child, tmp_path / "again", "well", silently, OutOfMemoryError.code)
        wait_at(gate, child, done)
        gate.end(other)
        done.result(60)
