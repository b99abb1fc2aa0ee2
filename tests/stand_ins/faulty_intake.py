"""``python -m tests.stand_ins.faulty_intake <fault> <descriptor>``: the real intake around a parser that goes wrong."""

import os
import signal
import sys
import time
from pathlib import Path

from service.worker import intake_child
from service.worker.messages import TakenIn


def go_wrong(upload: Path, folder: Path, series_uid: str | None = None) -> TakenIn:
    fault = sys.argv[2]
    if fault == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(2**24))
    if fault == "time":
        while True:
            pass
    if fault == "waits":
        time.sleep(600)
    if fault == "long file":
        with (folder / "long").open("wb") as file:
            file.truncate(2**31)
    if fault == "foreign":
        raise ValueError("Phantom^Child 20200101")
    os.kill(os.getpid(), {"crash": signal.SIGSEGV, "killed": signal.SIGKILL}[fault])
    raise AssertionError("it lived on")


if __name__ == "__main__":
    intake_child.take_in = go_wrong
    sys.argv[1:] = [sys.argv[2], sys.argv[1]]
    intake_child.main()
