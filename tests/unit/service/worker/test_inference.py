"""The supervisor of the warm child, with real children whose work goes wrong in every way."""

import os
import signal
import subprocess
import sys
import time
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
from service.worker.patience import LONGEST_STOP_GRACE_S, STOP_GRACE_S, Patience, stop_grace_s
from tests.stand_ins.faulty_child import MISSING
from tests.unit.service.worker.real_children import a_child, do, is_alive

pytestmark = pytest.mark.slow


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
