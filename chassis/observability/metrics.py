"""The metrics of every service, in a registry of its own. A service's own metrics are in its package.

Label values come only from the code: never from a sender.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chassis.observability.health import Health

_LATENESS = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86400)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 25)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class ChassisMetrics:
    """The metrics to which inbox, relay, timers and retention report."""

    def __init__(self, registry: CollectorRegistry, health: Health):
        self.registry = registry
        self._handled = Counter("whistle_events_handled", "Events settled.", ["handler", "type", "outcome"], registry=registry)
        self._batches = Histogram(
            "whistle_batch_events", "Events that shared a transaction.", ["handler"], buckets=_SIZES, registry=registry
        )
        self._dead_lettered = Counter(
            "whistle_broker_dead_letters",
            "Messages that the broker gave up, by what became of them.",
            ["handler", "outcome"],
            registry=registry,
        )
        self._took = Histogram(
            "whistle_handler_duration_seconds",
            "Time that a handler took for an event, whatever came of it; the commit is not in it.",
            ["handler", "type"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._published = Counter("whistle_events_published", "Events the broker confirmed.", registry=registry)
        self._parked = Counter(
            "whistle_events_parked", "Events the broker returned, for which no queue is bound.", registry=registry
        )
        self._nacked = Counter(
            "whistle_events_nacked", "Times that the broker nacked an event, which is then published again.", registry=registry
        )
        self._loop_failures = Counter(
            "whistle_loop_failures", "Errors nobody foresaw that a loop survived.", ["loop"], registry=registry
        )
        self._hook_failures = Counter(
            "whistle_after_commit_failures",
            "After-commit hooks that raised: a metric, an alert or a wake-up was lost, what was committed stands.",
            registry=registry,
        )
        self._removed = Counter("whistle_rows_removed", "Rows removed because they are old.", ["table"], registry=registry)
        self._leader = Gauge("whistle_relay_leader", "1 where this process publishes its store's outbox.", registry=registry)
        self._fired = Counter("whistle_timers_fired", "Timers by outcome.", ["kind", "outcome"], registry=registry)
        self._lateness = Histogram(
            "whistle_timer_lateness_seconds",
            "Business time from due to fired.",
            ["kind"],
            buckets=_LATENESS,
            registry=registry,
        )
        self._redelivered = Counter(
            "whistle_events_redelivered", "Deliveries that the broker had sent before.", ["queue"], registry=registry
        )
        self._redelivered_until_now: dict[str, int] = {}
        self.outbox_pending = Gauge("whistle_outbox_pending", "Events not yet confirmed.", registry=registry)
        self.outbox_age = Gauge(
            "whistle_outbox_oldest_seconds", "Age of the oldest event not yet confirmed.", registry=registry
        )
        self.outbox_parked = Gauge(
            "whistle_outbox_parked", "Events the broker returned that wait for a person.", registry=registry
        )
        self.inbox_waiting = Gauge("whistle_inbox_waiting", "Events that are tried again.", registry=registry)
        self.inbox_dead = Gauge("whistle_inbox_dead", "Dead letters that wait for a person.", registry=registry)
        self.timers_overdue = Gauge("whistle_timers_overdue", "Timers that are due and have not fired.", registry=registry)
        self.timers_late = Gauge(
            "whistle_timers_oldest_overdue_seconds",
            "Business time since the timer was due that has waited longest.",
            registry=registry,
        )
        self.store_up = Gauge("whistle_store_up", "1 where the last look into the store succeeded.", registry=registry)
        heartbeat = Gauge("whistle_hub_heartbeat_age_seconds", "Seconds since the event loop last turned.", registry=registry)
        heartbeat.set_function(health.heartbeat_age)
        registry.register(Loops(health))

    def timed(self, handler: str, type_: str, handle: Callable[..., None]) -> Callable[..., None]:
        """Return the same handler with its duration observed."""
        took = self._took.labels(handler, type_)

        def timed(event: Any, work: Any) -> None:
            began = time.perf_counter()
            try:
                handle(event, work)
            finally:
                took.observe(time.perf_counter() - began)

        return timed

    def redelivered(self, queue: str, until_now: int) -> None:
        """Count redeliveries; ``until_now`` is the consumer's total since it started."""
        before = self._redelivered_until_now.get(queue, 0)
        self._redelivered.labels(queue).inc(until_now - before)
        self._redelivered_until_now[queue] = until_now

    def handled(self, handler: str, type_: str, outcome: str) -> None:
        """See `chassis.inbox.inbox.Watch`."""
        self._handled.labels(handler, type_, outcome).inc()

    def batch(self, handler: str, size: int) -> None:
        """See `chassis.inbox.inbox.Watch`."""
        self._batches.labels(handler).observe(size)

    def dead_lettered(self, handler: str, outcome: str) -> None:
        """See `chassis.inbox.inbox.Watch`."""
        self._dead_lettered.labels(handler, outcome).inc()

    def leading(self, leads: bool) -> None:
        """See `chassis.outbox.relay.RelayWatch`."""
        self._leader.set(leads)

    def published(self, confirmed: int, returned: int, nacked: int) -> None:
        """See `chassis.outbox.relay.RelayWatch`."""
        self._published.inc(confirmed)
        self._parked.inc(returned)
        self._nacked.inc(nacked)

    def loop_failed(self, loop: str) -> None:
        """See `chassis.runtime.periodic.restarting_loop`."""
        self._loop_failures.labels(loop).inc()

    def hook_failed(self) -> None:
        """See `chassis.persistence.Store.on_hook_failure`."""
        self._hook_failures.inc()

    def removed(self, table: str, count: int) -> None:
        """See `chassis.runtime.retention.RemovalWatch`."""
        self._removed.labels(table).inc(count)

    def fired(self, kind: str, outcome: str, lateness: float) -> None:
        """See `chassis.timers.TimerWatch`."""
        self._fired.labels(kind, outcome).inc()
        if outcome == "fired":
            self._lateness.labels(kind).observe(max(0.0, lateness))


class Loops(Collector):
    """A collector of the state of each loop, computed when the metrics are read: a blocked loop cannot report itself."""

    def __init__(self, health: Health):
        self._health = health

    def collect(self) -> Iterator[Metric]:
        age = GaugeMetricFamily("whistle_loop_age_seconds", "Seconds since a loop last came round.", labels=["loop"])
        troubled = GaugeMetricFamily("whistle_loop_troubled", "1 where an outage keeps a loop from working.", labels=["loop"])
        now = time.monotonic()
        for name, loop in sorted(dict(self._health.loops).items()):  # a copy: another thread writes
            age.add_metric([name], max(0.0, now - loop.seen))
            troubled.add_metric([name], float(loop.trouble is not None))
        yield age
        yield troubled
