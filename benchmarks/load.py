"""Many clients that each send a whole series at once, and how soon an idle service begins a job and tells of its end.

The service is the one that ``pedcontour serve`` starts, with a stand-in for the network; clients, gateway, broker and
worker share this machine. Prints a table, writes ``results/load.json``, and ends with 1 when a row misses its target.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import numpy as np

from benchmarks.latency import Latencies, idle_latencies
from benchmarks.process_watch import Taken, watching
from benchmarks.results_file import write_results
from benchmarks.senders import Body, Sent, send_at_once, write_body
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from pedcontour.volume import Grid, Volume
from service.embedded import RunningService, running
from tests.stand_ins.model import shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

MOST_GROWTH_MB = 4.0
"""Memory of the gateway for each client: a batch on its way to the disk, one that is gathered, buffers of a socket."""

SOON_MS = 100.0
"""What "at once" means to somebody who waits."""


@dataclass(frozen=True)
class Round:
    """What became of one round of uploads, all sent at once."""

    sent: Sequence[Sent]
    seconds: float
    gateway: Taken
    clients: Taken


def child_sized(slices: int) -> Volume:
    """512 x 512 slices of 0.8 x 0.8 x 2 mm, with organs that the stand-in network knows."""
    voxels = shaded_torso(slices, 512, 512).voxels
    affine = np.array([[0, 0, 0.8, -204], [0, 0.8, 0, -204], [2.0, 0, 0, -300], [0, 0, 0, 1]])
    return Volume(Grid(voxels.shape, affine), voxels)


def upload_round(service: RunningService, body: Body, clients: int) -> Round:
    """Have all clients send; their jobs are erased afterwards, but for the first, which is waited for."""
    gateway = service.parts["gateway"].pid
    assert gateway is not None
    with watching(gateway) as taken, watching(os.getpid()) as own:
        began = monotonic()
        sent = send_at_once(service.url, body, clients)
        seconds = monotonic() - began
    for one in sent:
        if one.address:
            httpx.delete(service.url + one.address, timeout=60).raise_for_status()
    return Round(sent, seconds, taken, own)


def rows_of_uploads(rounds: Sequence[Round], body: Body) -> list[dict[str, Any]]:
    """Errors, times and throughput over all rounds, and the gateway's memory."""
    sent = [one for done in rounds for one in done.sent]
    good = [one for one in sent if one.status == 202]
    clients, n = len(rounds[0].sent), len(sent)
    seconds = sum(done.seconds for done in rounds)
    megabytes = len(good) * body.size_bytes / 1e6
    growth = (max(done.gateway.peak_mb for done in rounds) - rounds[0].gateway.before_mb) / clients
    settled = rounds[-1].gateway.after_mb - rounds[0].gateway.after_mb
    return [
        _row("uploads that failed", len(sent) - len(good), "uploads", n, target=0),
        _row("uploads told to come later, which did", sum(one.refusals for one in sent), "refusals", n),
        *_spread("last byte to 202", [one.answer_s for one in good], "s"),
        *_spread("first byte to 202", [one.whole_s for one in good], "s"),
        _row("taken in", megabytes / seconds, "MB/s", n),
        _row("taken in, slices", len(good) * body.instances / seconds, "instances/s", n),
        _row("gateway's memory before", rounds[0].gateway.before_mb, "MB", 1),
        _row("gateway's memory at most", max(done.gateway.peak_mb for done in rounds), "MB", len(rounds)),
        _row("gateway's memory after the first round", rounds[0].gateway.after_mb, "MB", 1),
        _row("gateway's memory after the last round", rounds[-1].gateway.after_mb, "MB", 1),
        _row("gateway's growth for each client", growth, "MB", clients, target=MOST_GROWTH_MB),
        _row("gateway's growth from round to round", settled / max(1, len(rounds) - 1), "MB", len(rounds)),
        _row("gateway's processor time", sum(done.gateway.cpu_s for done in rounds) / seconds, "cores", n),
        _row("clients' processor time", sum(done.clients.cpu_s for done in rounds) / seconds, "cores", n),
    ]


def rows_of_latencies(found: Latencies) -> list[dict[str, Any]]:
    """How soon an idle service begins, and tells."""
    return [
        *_spread("kept to begun", found.begun_ms, "ms", SOON_MS),
        *_spread("202 received to begun", found.begun_after_answer_ms, "ms", SOON_MS),
        *_spread("ended to seen in the event stream", found.told_ms, "ms", SOON_MS),
        *_spread("ended to seen by Client.wait", found.waited_ms, "ms", SOON_MS),
    ]


def _spread(name: str, values: Sequence[float], unit: str, target: float | None = None) -> list[dict[str, Any]]:
    """Median, 95th percentile and largest; the target is for the 95th."""
    middle, high = np.percentile(values, (50, 95))
    return [
        _row(f"{name}, p50", float(middle), unit, len(values)),
        _row(f"{name}, p95", float(high), unit, len(values), target),
        _row(f"{name}, most", max(values), unit, len(values)),
    ]


def _row(name: str, ours: float, unit: str, n: int, target: float | None = None) -> dict[str, Any]:
    row = {"name": name, "ours": round(ours, 3), "unit": unit, "n": n}
    return row if target is None else {**row, "target": target, "met": ours <= target}


def run(clients: int, rounds: int, slices: int, jobs: int) -> tuple[list[dict[str, Any]], Body]:
    """Everything, on a fresh service."""
    with tempfile.TemporaryDirectory(prefix="pedcontour-load-") as folder:
        root = Path(folder)
        write_stand_in_model(root / "models")
        body = write_body(write_ct_series(child_sized(slices), root / "ct"), root / "body")
        small = write_ct_series(shaded_torso(), root / "small")
        settings = Settings(data_dir=root / "data", models_dir=root / "models", port=0)
        with running(settings, STAND_IN_WORKER, logs=root / "logs") as service:
            rows = rows_of_latencies(idle_latencies(service.url, small, jobs))
            upload_round(service, body, 1)  # warms up what is loaded with the first upload
            rows += rows_of_uploads([upload_round(service, body, clients) for _ in range(rounds)], body)
        return rows, body


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=60, help="small jobs on the idle service, one after the other")
    given = parser.parse_args()
    before = os.getloadavg()[0]  # what others did on this machine
    rows, body = run(given.clients, given.rounds, given.slices, given.jobs)
    for row in rows:
        aim = f"  at most {row['target']:g}: {'yes' if row['met'] else 'NO'}" if "target" in row else ""
        print(f"{row['name']:44} {row['ours']:10.2f} {row['unit']:12} n={row['n']:<5}{aim}")
    write_results(
        "load",
        "make load",
        rows,
        clients=given.clients,
        rounds=given.rounds,
        series={"instances": body.instances, "rows": 512, "columns": 512, "body_bytes": body.size_bytes},
        note="clients, gateway, broker and worker on this one machine",
        load_average_before=round(before, 1),
    )
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
