"""Figures of the gateway itself for Prometheus. Labels are routes and codes: never an id, nothing of a patient."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pedcontour import __version__

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods counted by name; a made-up one must not make a new series."""


ROUNDS = ("reconciler", "janitor")
"""Background work whose figure is there from the start: one that appears with its first event shows no increase."""


class RequestMetrics:
    """Counts requests, their time, refusals, what was uploaded, and background work that broke off."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "pedcontour_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "pedcontour_http_request_duration_seconds",
            "Time to the end of an answer.",
            ["method", "route"],
            registry=registry,
        )
        self._refusals = Counter(
            "pedcontour_http_refusals", "Requests refused, by the code of the problem.", ["code"], registry=registry
        )
        self._bytes = Counter("pedcontour_upload_bytes", "Bytes of accepted uploads.", registry=registry)
        self._files = Counter("pedcontour_upload_files", "Files of accepted uploads.", registry=registry)
        self._broken = Counter(
            "pedcontour_rounds_broken", "Rounds of background work that broke off.", ["name"], registry=registry
        )
        for name in ROUNDS:
            self._broken.labels(name)
        build = Gauge("pedcontour_build_info", "Which version this is; always 1.", ["version"], registry=registry)
        build.labels(__version__).set(1)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request by the class of its status; ``status`` 0 is a client that went away."""
        method = method if method in METHODS else "OTHER"
        self._requests.labels(method, route, f"{status // 100}xx" if status else "gone").inc()
        self._seconds.labels(method, route).observe(seconds)

    def refused(self, code: str) -> None:
        """Count one refusal."""
        self._refusals.labels(code).inc()

    def round_broke(self, name: str) -> None:
        """Count one round of background work that broke off."""
        self._broken.labels(name).inc()

    def uploaded(self, files: int, size_bytes: int) -> None:
        """Count one accepted upload."""
        self._files.inc(files)
        self._bytes.inc(size_bytes)
