"""``python -m tests.stand_ins.faulty_child <fault> <descriptor>``: the real child around work that goes wrong."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import nullcontext
from pathlib import Path

from pedcontour.errors import DeviceFailedError, GantryTiltError, ModelNotFoundError, NothingDrawnError, RequestError
from pedcontour.verdicts import Outcome, Verdict
from service.worker.contouring_child import Turn, join_worker, serve_orders
from service.worker.messages import Contour, Failed, send
from service.worker.patience import STOP_GRACE_S
from service.worker.run import Contoured, StageProgress

VERDICT = Verdict("liver", Outcome.PRESENT, 500.0, 499.5, 0.9, "Drawn.")
MISSING = Verdict("kidney_left", Outcome.ABSENT_DETECTED, 0.0, 0.0, None, "Nothing was drawn.")

SIGNALS = {"killed": signal.SIGKILL, "crash": signal.SIGSEGV, "stopped": signal.SIGSTOP}


def work(fault: str, order: Contour, progress: StageProgress, turn: Turn) -> Contoured:
    """A job of id ``well`` goes well in any child."""
    with turn(1000) if order.in_turn else nullcontext():
        progress("segment", 0.25)
        if order.job.id != "well":
            _go_wrong(fault, progress)
    order.out.mkdir()
    (order.out / "seg.dcm").write_text(str(os.getpid()))
    return Contoured((VERDICT,), ("A: b",), ("seg.dcm",))


def _go_wrong(fault: str, progress: StageProgress) -> None:
    if fault == "killed":
        Path(tempfile.mkdtemp(), "slice.dcm").write_bytes(b"a patient's")
    if fault in SIGNALS:
        os.kill(os.getpid(), SIGNALS[fault])
    errors: dict[str, Exception] = {
        "refuses": GantryTiltError("14 degrees", instance_uids=["1.2"]),
        "draws nothing": NothingDrawnError(verdicts=[MISSING], warnings=["ABSENT_DETECTED: b"]),
        "device": DeviceFailedError("AcceleratorError"),
        "memory": MemoryError(),
        "foreign": ValueError("Phantom^Child 20200101"),
    }
    if fault in errors:
        raise errors[fault]
    if fault == "grandchild":
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    wait = threading.Event()
    for tile in range(1, 50 if fault == "slow tiles" else 0):
        wait.wait(STOP_GRACE_S + 0.5)
        progress("segment", 0.25 + tile / 100)
    while True:  # "deaf" never asks whether to stop
        wait.wait(0.05)
        if fault == "polite":
            progress("segment", 0.5)


def main() -> None:
    fault, descriptor = sys.argv[1:]
    channel = join_worker(int(descriptor))
    if fault == "no start":
        sys.exit(3)
    if fault == "no device" or (fault == "device gone" and Path(os.environ["GONE"]).exists()):
        send(channel, Failed.of(RequestError("PEDCONTOUR_DEVICE: there is no device 'cuda:7' here")))
        return

    def load_ahead() -> None:
        if (noted := os.environ.get("LOADED_AHEAD")) is not None:
            with Path(noted).open("a") as file:
                print(os.getpid(), file=file)
        if fault == "no model":
            raise ModelNotFoundError
        if fault == "no engine":
            raise OSError("libopenvino.so: cannot open shared object file")

    serve_orders(channel, lambda order, progress, turn: work(fault, order, progress, turn), load_ahead)


if __name__ == "__main__":
    main()
