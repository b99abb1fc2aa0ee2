"""Faults of what a service stands on: a full disk, a clock that is put."""

import time

from benchmarks.faults.aims import GoneOn, Harm, any_begun, begun_again, sending, working
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.service import kill
from benchmarks.faults.surroundings import fill, free

FULL_S = 4.0
"""How long a disk stays full."""

TWO_HOURS_S = 7200


def fill_disk(place: str) -> Harm:
    """Leave no byte on the disk of a place for a while, and send jobs meanwhile."""

    def harm(ledger: Ledger) -> GoneOn:
        folder = ledger.service.surroundings.place(place)
        fill(folder)
        with sending(ledger, 2):
            time.sleep(FULL_S)
            free(folder)
        return any_begun(ledger)

    return harm


def put_clock(ledger: Ledger) -> GoneOn:
    """Kill a worker in mid-job, and put the clock of all by two hours: forward the first time, then back and forth."""
    job, worker = working(ledger, "segment")
    where = ledger.service.surroundings
    kill(worker)
    where.put_clock(0 if where.clock.read_text() != "+0" else TWO_HOURS_S)
    return begun_again(ledger.service, job)
