"""The supervisor of the warm child, with real children whose work goes wrong in every way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pedcontour.errors import (
    CancelledError,
    DeviceFailedError,
    EngineUnusableError,
    GantryTiltError,
    JobTableError,
    JobTimeoutError,
    NothingDrawnError,
    OutOfMemoryError,
    PedcontourError,
    ProcessEndedError,
    ProcessSilentError,
    RequestError,
    UnexpectedError,
)
from service.jobs import Job, Options
from service.worker.gate import Gate, Passage
from service.worker.inference import LOOK_EVERY_S, InferenceChild
from service.worker.memory_kills import MemoryKills
from service.worker.messages import Contour
from service.worker.patience import LONGEST_STOP_GRACE_S, STOP_GRACE_S, Patience, stop_grace_s
from service.worker.run import Contoured
from tests.stand_ins.faulty_child import MISSING, VERDICT

NOW = datetime(2026, 3, 1, tzinfo=UTC)

Told = Callable[[str, float], None]

pytestmark = pytest.mark.slow


def silently(stage: str, share: float) -> None:
    """Progress that nobody looks at."""


@contextmanager
def a_child(
    fault: str,
    patience: Patience | None = None,
    kills: MemoryKills = lambda: None,
    gate: Gate | None = None,
) -> Iterator[InferenceChild]:
    command = (sys.executable, "-m", "tests.stand_ins.faulty_child", fault)
    child = InferenceChild(command, dict(os.environ), patience or Patience(), kills, gate)
    try:
        yield child
    finally:
        child.close()


def do(child: InferenceChild, folder: Path, job_id: str = "bad", told: Told = silently, trouble: str = "") -> str:
    """Have a job done; returns the id of the process that did it."""
    job = Job(job_id, Options("model"), NOW, NOW, trouble=trouble)
    order = Contour(job=job, files=folder, out=folder / job_id, left_out=())
    done = child.contour(order, told)
    assert done == Contoured((VERDICT,), ("A: b",), ("seg.dcm",))
    return (folder / job_id / "seg.dcm").read_text()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_one_child_does_job_after_job_and_tells_of_its_progress(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    with a_child("none") as child:
        child.start()
        first = do(child, tmp_path, "well", lambda stage, share: told.append((stage, share)))
        (tmp_path / "again").mkdir()
        assert do(child, tmp_path / "again", "well") == first == str(child.pid)
    assert ("segment", 0.25) in told
    assert not is_alive(int(first))


@pytest.mark.parametrize(
    ("fault", "error", "detail"),
    [
        ("killed", ProcessEndedError, "killed from outside"),
        ("crash", ProcessEndedError, "SIGSEGV"),
        ("device", DeviceFailedError, "AcceleratorError"),
        ("memory", OutOfMemoryError, "MemoryError"),
        ("foreign", UnexpectedError, "ValueError"),
    ],
)
def test_a_child_that_dies_or_may_be_at_fault_is_replaced_and_its_job_is_the_workers_trouble(
    tmp_path: Path, fault: str, error: type[PedcontourError], detail: str
) -> None:
    with a_child(fault) as child:
        child.start()
        before = child.pid
        with pytest.raises(error) as trouble:
            do(child, tmp_path)
        assert detail in trouble.value.detail
        assert do(child, tmp_path, "well") != str(before)
        assert before is not None
        assert not is_alive(before)


@pytest.mark.parametrize("fault", ["refuses", "draws nothing"])
def test_what_goes_wrong_with_the_job_alone_leaves_the_child_warm(tmp_path: Path, fault: str) -> None:
    with a_child(fault) as child:
        child.start()
        with pytest.raises(PedcontourError) as refused:
            do(child, tmp_path)
        assert do(child, tmp_path, "well") == str(child.pid)
    error = refused.value
    told = (error.code, error.detail, error.instance_uids)
    assert (
        told
        == {
            "refuses": (GantryTiltError.code, "14 degrees", ("1.2",)),
            "draws nothing": (NothingDrawnError.code, "", ()),
        }[fault]
    )
    if isinstance(error, NothingDrawnError):
        assert (error.verdicts, error.warnings) == ((MISSING,), ("ABSENT_DETECTED: b",))


def test_a_child_that_is_stopped_is_noticed_by_its_silence(tmp_path: Path) -> None:
    with a_child("stopped", Patience(silence_s=2.5)) as child:
        child.start()
        before = child.pid
        with pytest.raises(ProcessSilentError):
            do(child, tmp_path)
        assert before is not None
        assert not is_alive(before)


def test_a_child_that_shows_life_and_comes_to_no_end_meets_the_limit_of_a_job(tmp_path: Path) -> None:
    with a_child("deaf", Patience(job_s=2.0)) as child:
        child.start()
        with pytest.raises(JobTimeoutError):
            do(child, tmp_path)


@pytest.mark.parametrize(("fault", "stays_warm"), [("polite", True), ("deaf", False)])
@pytest.mark.parametrize("why", [CancelledError, JobTableError])
def test_a_job_that_must_stop_frees_the_child_or_ends_it(
    tmp_path: Path, fault: str, stays_warm: bool, why: type[PedcontourError]
) -> None:
    def stop(stage: str, share: float) -> None:
        if stage == "segment":
            raise why

    with a_child(fault) as child:
        child.start()
        before = str(child.pid)
        with pytest.raises(why):
            do(child, tmp_path, told=stop)
        assert (do(child, tmp_path, "well") == before) is stays_warm


def test_a_child_whose_tiles_take_long_has_as_long_to_leave_a_job_and_stays_warm(tmp_path: Path) -> None:
    tiles = 0

    def stop(stage: str, share: float) -> None:
        nonlocal tiles
        tiles = round(100 * (share - 0.25))
        if tiles:
            raise CancelledError

    with a_child("slow tiles") as child:
        child.start()
        before = str(child.pid)
        with pytest.raises(CancelledError):
            do(child, tmp_path, told=stop)
        assert tiles == 1
        assert do(child, tmp_path, "well") == before


def test_the_time_to_leave_a_job_is_two_tiles_within_bounds() -> None:
    assert [stop_grace_s(tile_s) for tile_s in (0.0, 0.9, 2.5, 8.8, 60.0)] == [
        STOP_GRACE_S,
        STOP_GRACE_S,
        5.0,
        17.6,
        LONGEST_STOP_GRACE_S,
    ]


@pytest.mark.parametrize(
    ("counts", "error"),
    [
        ((0, 0, 1), OutOfMemoryError),
        ((0, 3, 3), ProcessEndedError),  # the system killed others before the job began
        ((0, None, 1), ProcessEndedError),
        ((None, None, None), ProcessEndedError),
    ],
)
def test_a_kill_is_put_down_to_memory_when_the_system_counts_one_more(
    tmp_path: Path, counts: tuple[int | None, ...], error: type[PedcontourError]
) -> None:
    told = iter([*counts, *[counts[-1]] * 9])  # when it starts, when the job begins, when it has ended
    with a_child("killed", kills=lambda: next(told)) as child:
        child.start()
        with pytest.raises(error):
            do(child, tmp_path)


def test_what_a_killed_child_had_on_the_disk_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with a_child("killed") as child:
        with pytest.raises(ProcessEndedError):
            do(child, tmp_path)
        assert not list((tmp_path / "scratch").rglob("slice.dcm"))
    assert not list((tmp_path / "scratch").iterdir())


def test_what_the_child_started_is_killed_with_it(tmp_path: Path) -> None:
    with a_child("grandchild", Patience(job_s=2.0)) as child:
        child.start()
        group = child.pid
        assert group is not None
        with pytest.raises(JobTimeoutError):
            do(child, tmp_path)
        with pytest.raises(ProcessLookupError):
            for _ in range(100):  # who killed a group waits for its leader alone
                os.killpg(group, 0)
                time.sleep(0.1)


def test_a_child_that_died_between_jobs_costs_no_attempt(tmp_path: Path) -> None:
    with a_child("none") as child:
        child.start()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        do(child, tmp_path, "well")


def test_a_child_without_a_model_starts_and_one_that_does_not_start_is_trouble(tmp_path: Path) -> None:
    with a_child("no model") as child:
        child.start()
        do(child, tmp_path, "well")
    with a_child("no start") as child, pytest.raises(ProcessEndedError, match="exit status 3"):
        child.start()


def test_a_child_that_refuses_its_settings_says_which() -> None:
    with a_child("no device") as child, pytest.raises(RequestError, match="PEDCONTOUR_DEVICE"):
        child.start()


def test_a_child_that_can_load_no_model_at_all_is_none(tmp_path: Path) -> None:
    with a_child("no engine") as child, pytest.raises(EngineUnusableError) as refused:
        child.start()
    assert refused.value.detail == "OSError"


def test_settings_that_do_not_fit_any_more_are_not_the_jobs_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONE", str(tmp_path / "gone"))
    with a_child("device gone") as child:
        child.start()
        assert child.pid is not None
        (tmp_path / "gone").touch()
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(EngineUnusableError, match="PEDCONTOUR_DEVICE"):
            do(child, tmp_path, "well")


def test_a_child_dies_with_its_worker(tmp_path: Path) -> None:
    worker = (
        "import os, signal, sys\n"
        "from service.worker.inference import InferenceChild\n"
        "from service.worker.patience import Patience\n"
        "child = InferenceChild((sys.executable, '-m', 'tests.stand_ins.faulty_child', 'none'), dict(os.environ),"
        " Patience())\n"
        "child.start()\n"
        "open(sys.argv[1], 'w').write(str(child.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", worker, str(tmp_path / "pid")], check=False)
    pid = int((tmp_path / "pid").read_text())
    give_up = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < give_up, "the child outlived its worker"
        time.sleep(0.05)


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
