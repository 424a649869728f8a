"""What Prometheus is told; each service has a registry of its own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PICTURES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counts of requests by address and status, how long they took, batches of the model, and what waits."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        labels = ("method", "address", "status")
        self._requests = Counter("dgnet_requests", "Answers given", labels, registry=registry)
        self._seconds = Histogram(
            "dgnet_request_seconds", "From first byte to answer", ("address",), buckets=_SECONDS, registry=registry
        )
        self._batches = Histogram(
            "dgnet_batch_pictures", "Pictures per batch of the model", buckets=_PICTURES, registry=registry
        )
        self._batch_seconds = Histogram(
            "dgnet_batch_seconds", "Time of a batch in the model", buckets=_SECONDS, registry=registry
        )
        self.refused_pictures = Counter("dgnet_refused_pictures", "Pictures that were refused", registry=registry)
        self.in_progress = Gauge("dgnet_requests_in_progress", "Requests at work or waiting", registry=registry)
        self.mean_seconds = 0.0  # of the last few dozen requests that were at work

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Add a figure that is asked for when it is scraped."""
        Gauge(name, what, registry=self.registry).set_function(value)

    def observe_batch(self, num_pictures: int, seconds: float) -> None:
        self._batches.observe(num_pictures)
        self._batch_seconds.observe(seconds)

    def observe_request(self, method: str, address: str, status: int, seconds: float) -> None:
        """`address` is a route, such as /v1/entries/{id}, so that there are few of them."""
        self._requests.labels(method, address, str(status)).inc()
        self._seconds.labels(address).observe(seconds)
        if method == "POST" and status < 400:
            self.mean_seconds += (seconds - self.mean_seconds) / 30

    def text(self) -> bytes:
        return generate_latest(self.registry)
