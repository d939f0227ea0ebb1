"""Dispatch's own metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class DispatchMetrics:
    """Implements what the recomputing reports to."""

    def __init__(self, registry: CollectorRegistry):
        self._provisional = Gauge(
            "whistle_dispatch_provisional_deadlines",
            "Due times past the known calendar, counted by weekends alone: the next year's holidays are wanted.",
            registry=registry,
        )
        self._recomputed = Counter(
            "whistle_dispatch_cases_recomputed",
            "Cases whose due times a newer calendar computed anew.",
            ["outcome"],
            registry=registry,
        )

    def provisional(self, deadlines: int) -> None:
        """See `services.dispatch.recomputing.Watch`."""
        self._provisional.set(deadlines)

    def recomputed(self, outcome: str) -> None:
        """See `services.dispatch.recomputing.Watch`."""
        self._recomputed.labels(outcome).inc()
