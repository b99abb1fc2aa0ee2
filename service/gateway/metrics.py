"""Figures for Prometheus. Labels are states, routes and codes: never an id, never anything of a patient."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pedcontour.errors import StoreError
from service.jobs import Priority
from service.jobstore import Clock, JobStore, Statistics
from service.queue import QUEUES, JobQueue

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
"""Methods counted by name; a made-up one must not make a new series."""


class RequestMetrics:
    """Counts requests, their time, and what was uploaded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "pedcontour_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "pedcontour_http_request_seconds", "Time to the end of an answer.", ["method", "route"], registry=registry
        )
        self._bytes = Counter("pedcontour_upload_bytes", "Bytes of accepted uploads.", registry=registry)
        self._files = Counter("pedcontour_upload_files", "Files of accepted uploads.", registry=registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; ``status`` 0 is a client that went away."""
        method = method if method in METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def uploaded(self, files: int, size_bytes: int) -> None:
        """Count one accepted upload."""
        self._files.inc(files)
        self._bytes.inc(size_bytes)


class JobCollector(Collector):
    """Reads the job table and the broker when asked; what does not answer is left out and shows as down."""

    def __init__(self, jobs: JobStore, queue: JobQueue, clock: Clock, stall_s: float) -> None:
        self._jobs = jobs
        self._queue = queue
        self._clock = clock
        self._stall_s = stall_s

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: registering must not read the table."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        up = GaugeMetricFamily("pedcontour_up", "Whether a part of the service answers.", labels=["part"])
        try:
            yield from self._of_jobs(self._jobs.statistics())
            yield from self._of_consumption()
            yield from self._of_workers()
            up.add_metric(["job_table"], 1)
        except StoreError:
            up.add_metric(["job_table"], 0)
        try:
            depth = GaugeMetricFamily("pedcontour_queue_depth", "Messages waiting in the broker.", labels=["queue"])
            for priority, queue in QUEUES.items():
                depth.add_metric([queue], self._queue.depth(priority))
            yield depth
            up.add_metric(["broker"], 1)
        except StoreError:
            up.add_metric(["broker"], 0)
        yield up

    def _of_jobs(self, statistics: Statistics) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("pedcontour_jobs", "Jobs in the table by state.", labels=["state"])
        for state, count in statistics.by_state.items():
            jobs.add_metric([state.value], count)
        yield jobs
        waiting = statistics.oldest_waiting_since
        age = (self._clock() - waiting).total_seconds() if waiting else 0.0
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
            waiting.add_metric([priority.value], self._jobs.backlog([priority]).waiting)
        yield waiting
        yield GaugeMetricFamily(
            "pedcontour_consumption_stalled",
            "1 while jobs wait and no worker begins or runs one.",
            self._jobs.backlog().is_stalled(self._clock(), self._stall_s),
        )

    def _of_workers(self) -> Iterator[Metric]:
        seen = self._jobs.last_worker_seen()
        yield GaugeMetricFamily(
            "pedcontour_worker_seen_timestamp_seconds",
            "When any worker last gave a sign of life.",
            seen.timestamp() if seen else 0,
        )
