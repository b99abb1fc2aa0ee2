"""Figures about jobs, workers, disk and keys for Prometheus, read when asked for."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from pedcontour.errors import PedcontourError
from service.figures import COUNT, RUN_BUCKETS_S, SUM, WAIT_BUCKETS_S, Figure
from service.gateway.parts import GatewayParts
from service.jobs import Priority
from service.queue import QUEUES

Figures = Mapping[Figure, float]


class JobCollector(Collector):
    """Asks the parts of the service for their figures; what does not answer is left out and shows as down."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: registering must not read the table."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        up = GaugeMetricFamily("pedcontour_up", "Whether a part of the service answers.", labels=["part"])
        sources: dict[str, Callable[[], list[Metric]]] = {
            "job_table": lambda: [
                *self._of_jobs(),
                *self._of_consumption(),
                *self._of_workers(),
                *self._of_keys(),
            ],
            "figures": lambda: list(_of_figures(self._parts.figures.read())),
            "broker": self._of_queue,
            "disk": lambda: list(_of_disk(self._parts.uploads)),
            "model": lambda: _of_check(self._parts.models.check),
            "audit": lambda: _of_check(self._parts.audit.check),
        }
        for part, source in sources.items():
            try:
                yield from source()
                up.add_metric([part], 1)
            except (PedcontourError, OSError):
                up.add_metric([part], 0)
        yield up

    def _of_jobs(self) -> Iterator[Metric]:
        statistics = self._parts.jobs.statistics()
        jobs = GaugeMetricFamily("pedcontour_jobs", "Jobs in the table by state.", labels=["state"])
        for state, count in statistics.by_state.items():
            jobs.add_metric([state.value], count)
        yield jobs
        yield GaugeMetricFamily(
            "pedcontour_jobs_quarantined", "Jobs in the table that were set aside.", statistics.quarantined
        )
        yield GaugeMetricFamily(
            "pedcontour_jobs_unreadable",
            "Waiting jobs that were passed over: another version wrote them.",
            statistics.unreadable,
        )
        yield GaugeMetricFamily(
            "pedcontour_jobs_lease_expired", "Running jobs whose worker fell silent.", statistics.expired_leases
        )
        waiting = statistics.oldest_waiting_since
        age = (self._parts.clock() - waiting).total_seconds() if waiting else 0.0
        yield GaugeMetricFamily("pedcontour_oldest_waiting_seconds", "Age of the oldest job not yet begun.", age)
        claim = statistics.last_claim_at
        yield GaugeMetricFamily(
            "pedcontour_last_claim_timestamp_seconds",
            "When a worker last began a job.",
            claim.timestamp() if claim else 0,
        )

    def _of_consumption(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("pedcontour_waiting_jobs", "Jobs not yet begun.", labels=["priority"])
        for priority in Priority:
            waiting.add_metric([priority.value], self._parts.jobs.backlog([priority]).waiting)
        yield waiting
        yield GaugeMetricFamily(
            "pedcontour_consumption_stalled",
            "1 while jobs wait and no worker begins or runs one.",
            self._parts.jobs.backlog().is_stalled(self._parts.clock(), self._parts.stall_s),
        )

    def _of_workers(self) -> Iterator[Metric]:
        seen = self._parts.jobs.last_worker_seen()
        silent_s = (self._parts.clock() - seen).total_seconds() if seen else float("inf")
        is_up = silent_s <= self._parts.worker_silent_s
        yield GaugeMetricFamily("pedcontour_worker_up", "Whether any worker was heard of lately.", float(is_up))
        yield GaugeMetricFamily(
            "pedcontour_worker_seen_timestamp_seconds",
            "When any worker last gave a sign of life.",
            seen.timestamp() if seen else 0,
        )

    def _of_keys(self) -> Iterator[Metric]:
        if (expiry := self._parts.keys.next_expiry()) is not None:
            yield GaugeMetricFamily(
                "pedcontour_api_key_expiry_timestamp_seconds", "When the next API key expires.", expiry.timestamp()
            )

    def _of_queue(self) -> list[Metric]:
        depth = GaugeMetricFamily("pedcontour_queue_depth", "Messages waiting in the broker.", labels=["queue"])
        for priority, queue in QUEUES.items():
            depth.add_metric([queue], self._parts.queue.depth(priority))
        return [depth]


def _of_check(check: Callable[[], None]) -> list[Metric]:
    """No figure: that it answers is all there is to tell."""
    check()
    return []


def _of_disk(folder: Path) -> Iterator[Metric]:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)
    yield GaugeMetricFamily("pedcontour_disk_free_bytes", "Free bytes where uploads lie.", usage.free)
    yield GaugeMetricFamily("pedcontour_disk_size_bytes", "Bytes of the disk where uploads lie.", usage.total)


def _of_figures(figures: Figures) -> Iterator[Metric]:
    yield _histogram(figures, "wait_seconds", "Time from acceptance to the first claim.", WAIT_BUCKETS_S)
    yield _histogram(figures, "run_seconds", "Time of the attempts that ended well.", RUN_BUCKETS_S)
    stages = SummaryMetricFamily("pedcontour_job_stage_seconds", "Time in each stage.", labels=["stage"])
    for label in _labels(figures, "stage_seconds"):
        count, total = (figures.get(Figure("stage_seconds", label, part), 0.0) for part in (COUNT, SUM))
        stages.add_metric([label], int(count), total)
    yield stages
    yield _counter(figures, "attempts", "outcome", "Attempts at jobs by how they ended.")
    yield _counter(figures, "failures", "code", "Jobs that failed, by the code of the problem.")


def _histogram(figures: Figures, name: str, help_text: str, buckets: tuple[float, ...]) -> Metric:
    count, total = (figures.get(Figure(name, "", part), 0.0) for part in (COUNT, SUM))
    within = [(str(bound), figures.get(Figure(name, "", str(bound)), 0.0)) for bound in buckets]
    family = HistogramMetricFamily(f"pedcontour_job_{name}", help_text)
    family.add_metric([], [*within, ("+Inf", count)], total)
    return family


def _counter(figures: Figures, name: str, label_name: str, help_text: str) -> Metric:
    family = CounterMetricFamily(f"pedcontour_job_{name}", help_text, labels=[label_name])
    for label in _labels(figures, name):
        family.add_metric([label], figures[Figure(name, label)])
    return family


def _labels(figures: Figures, name: str) -> list[str]:
    return sorted({figure.label for figure in figures if figure.name == name})
