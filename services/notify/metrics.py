"""Notify's own metrics. Labels are channels' names from the deployment's file, never an address."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class NotifyMetrics:
    """Implements what deliveries report to."""

    def __init__(self, registry: CollectorRegistry):
        self._attempts = Counter(
            "whistle_notice_attempts", "Attempts to deliver a notice.", ["channel", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "whistle_notice_attempt_seconds", "How long a channel took.", ["channel"], buckets=_SECONDS, registry=registry
        )

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """See `services.notify.delivery.Watch`."""
        self._attempts.labels(channel, outcome).inc()
        self._seconds.labels(channel).observe(seconds)
