"""The faults by name, and what each needs to be done at all."""

from dataclasses import dataclass

from benchmarks.faults.aims import STAGES, Harm
from benchmarks.faults.brokers import cut_off, hang, kill_broker, reconcile_twice, send_twice, wipe_broker
from benchmarks.faults.databases import cut_connections
from benchmarks.faults.environs import fill_disk, put_clock
from benchmarks.faults.processes import (
    freeze,
    freeze_child,
    kill_at,
    kill_child,
    kill_gateway,
    starve_child,
    terminate,
)
from benchmarks.faults.whole import restore, upgrade
from benchmarks.faults.wishes import cancel_at, erase


@dataclass(frozen=True)
class Fault:
    """One kind of harm, the folders that need a small disk of their own for it, and whether the clock is put.

    ``tables`` are the databases that it can be done to.
    """

    harm: Harm
    small_disks: tuple[str, ...] = ()
    false_clock: bool = False
    tables: tuple[str, ...] = ("sqlite", "postgres")


FAULTS: dict[str, Fault] = {
    "kill -9 of a worker, at random": Fault(kill_at(None)),
    **{f"kill -9 of a worker, in {stage}": Fault(kill_at(stage)) for stage in STAGES},
    "kill -9 of a worker's child": Fault(kill_child),
    "SIGSTOP of a worker's child, for good": Fault(freeze_child),
    "no memory left for a worker's child": Fault(starve_child),
    "SIGTERM of a worker": Fault(terminate),
    "SIGSTOP of a worker for longer than its lease": Fault(freeze),
    "kill -9 of the gateway in mid-upload": Fault(kill_gateway),
    "kill -9 of the broker": Fault(kill_broker),
    "broker wiped": Fault(wipe_broker),
    "broker unreachable for 12 s, across an ack": Fault(cut_off),
    "broker hangs for 12 s, across an ack": Fault(hang),
    "every message sent twice": Fault(send_twice),
    "two more reconcilers": Fault(reconcile_twice),
    "disk of the uploads full": Fault(fill_disk("uploads"), ("uploads",)),
    "disk of the results full": Fault(fill_disk("results"), ("results",)),
    "disk of the broker full": Fault(fill_disk("broker"), ("broker",)),
    "disk of the whole data folder full": Fault(fill_disk("."), (".",)),
    "clock put by 2 h, then kill -9 of a worker": Fault(put_clock, false_clock=True),
    "connections to the database cut for 2 s": Fault(cut_connections, tables=("postgres",)),
    "upgrade with jobs waiting and running": Fault(upgrade),
    "restore from a backup": Fault(restore),
    **{f"cancelled in {stage}": Fault(cancel_at(stage)) for stage in STAGES},
    "erased while it runs": Fault(erase),
}
