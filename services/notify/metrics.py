"""The metrics of notify. Labels are codes and the channels' names of the deployment's file, never an address."""

from collections.abc import Iterable
from datetime import datetime

from nameko.extensions import DependencyProvider
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Connection, func, select

from chassis.effects import DomainEvent
from chassis.runtime.gauges import Counted
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from contracts.events.notify import NotificationFailed
from services.notify.domain.languages import metric_label
from services.notify.domain.notice import Notice
from services.notify.store import notices

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class NotifyMetrics:
    """Counters of attempts, outcomes and language fallbacks."""

    def __init__(self, registry: CollectorRegistry):
        self._attempts = Counter(
            "whistle_notice_attempts", "Attempts to deliver a notice.", ["channel", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "whistle_notice_attempt_seconds", "How long a channel took.", ["channel"], buckets=_SECONDS, registry=registry
        )
        self._notices = Counter(
            "whistle_notices",
            "What happened to notices: sent, delivered, failed (again later), fell_back (next way), exhausted, cancelled.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("sent", "delivered", "failed", "fell_back", "exhausted", "cancelled"):
            self._notices.labels(outcome)

        self._fallbacks = Counter(
            "whistle_notice_language_fallbacks",
            "Notices that are not in the language, or not in the script, that was asked for.",
            ["requested", "used", "reason"],
            registry=registry,
        )

    def written(self, notices: Iterable[Notice]) -> None:
        """Count the language fallbacks of new notices, after the commit."""
        for one in notices:
            if one.fallback_reason is not None:
                self._fallbacks.labels(metric_label(one.asked), one.locale, one.fallback_reason.value).inc()

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """See `services.notify.delivery.DeliveryObserver`."""
        self._attempts.labels(channel, outcome).inc()
        self._seconds.labels(channel).observe(seconds)

    def happened(self, events: Iterable[DomainEvent]) -> None:
        """See `services.notify.delivery.DeliveryObserver`."""
        for event in events:
            said = event.payload
            fell_back = isinstance(said, NotificationFailed) and said.next_channel is not None
            self._notices.labels("fell_back" if fell_back else said.type.split(".")[1]).inc()


class NoticeGauges:
    """Gauges of the notices that have not ended."""

    def __init__(self, registry: CollectorRegistry):
        self._waiting = Counted(
            Gauge(
                "whistle_notices_waiting",
                "Notices that somebody will look at: to be sent, being sent, or waiting for a receipt.",
                ["channel"],
                registry=registry,
            )
        )

    def read(self, connection: Connection, now: datetime) -> None:
        """Set the gauges from the store."""
        channel = notices.c.channel
        waiting = select(channel, func.count()).where(notices.c.next_at.is_not(None)).group_by(channel)
        self._waiting.set({(name,): count for name, count in connection.execute(waiting)})


class MetricsProvider(DependencyProvider):
    """A dependency that registers the gauges with the runtime."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        runtime.add_gauges(NoticeGauges(runtime.registry).read)
