"""The metrics every service has, in a registry of its own. A service's own metrics stand beside its business, in its package.

Labels take only values from the code: never a value that a sender chose.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.health import Health

_LATENESS = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86400)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class ChassisMetrics:
    """Implements what inbox, relay and timers report to."""

    def __init__(self, registry: CollectorRegistry, health: Health):
        self.registry = registry
        self._handled = Counter("whistle_events_handled", "Events settled.", ["handler", "type", "outcome"], registry=registry)
        self._batches = Histogram(
            "whistle_batch_events", "Events that shared a transaction.", ["handler"], buckets=_SIZES, registry=registry
        )
        self._given_up = Counter(
            "whistle_events_given_up",
            "Messages that the broker gave up, by what became of them.",
            ["handler", "outcome"],
            registry=registry,
        )
        self._published = Counter("whistle_events_published", "Events the broker confirmed.", registry=registry)
        self._parked = Counter("whistle_events_parked", "Events the broker refused.", registry=registry)
        self._removed = Counter("whistle_rows_removed", "Rows removed because they are old.", ["table"], registry=registry)
        self._leader = Gauge("whistle_relay_leader", "1 where this process publishes its store's outbox.", registry=registry)
        self._rang = Counter("whistle_timers_rung", "Timers by outcome.", ["kind", "outcome"], registry=registry)
        self._lateness = Histogram(
            "whistle_timer_lateness_seconds",
            "Business time from due to rung.",
            ["kind"],
            buckets=_LATENESS,
            registry=registry,
        )
        self.redelivered = Gauge(
            "whistle_events_redelivered", "Deliveries that the broker had sent before.", ["queue"], registry=registry
        )
        self.outbox_pending = Gauge("whistle_outbox_pending", "Events not yet confirmed.", registry=registry)
        self.outbox_age = Gauge(
            "whistle_outbox_oldest_seconds", "Age of the oldest event not yet confirmed.", registry=registry
        )
        self.outbox_parked = Gauge(
            "whistle_outbox_parked", "Events the broker refused that wait for a person.", registry=registry
        )
        self.inbox_waiting = Gauge("whistle_inbox_waiting", "Events that are tried again.", registry=registry)
        self.inbox_dead = Gauge("whistle_inbox_dead", "Dead letters that wait for a person.", registry=registry)
        self.timers_overdue = Gauge("whistle_timers_overdue", "Timers that are due and have not rung.", registry=registry)
        self.store_up = Gauge("whistle_store_up", "1 where the last look into the store succeeded.", registry=registry)
        heartbeat = Gauge("whistle_hub_heartbeat_age_seconds", "Seconds since the event loop last turned.", registry=registry)
        heartbeat.set_function(health.heartbeat_age)

    def handled(self, handler: str, type_: str, outcome: str) -> None:
        """See `chassis.inbox.Watch`."""
        self._handled.labels(handler, type_, outcome).inc()

    def batch(self, handler: str, size: int) -> None:
        """See `chassis.inbox.Watch`."""
        self._batches.labels(handler).observe(size)

    def given_up(self, handler: str, outcome: str) -> None:
        """See `chassis.inbox.Watch`."""
        self._given_up.labels(handler, outcome).inc()

    def leading(self, leads: bool) -> None:
        """See `chassis.relay.RelayWatch`."""
        self._leader.set(leads)

    def published(self, count: int, parked: int) -> None:
        """See `chassis.relay.RelayWatch`."""
        self._published.inc(count)
        self._parked.inc(parked)

    def removed(self, table: str, count: int) -> None:
        """See `chassis.retention.RemovalWatch`."""
        self._removed.labels(table).inc(count)

    def rang(self, kind: str, outcome: str, lateness: float) -> None:
        """See `chassis.timers.TimerWatch`."""
        self._rang.labels(kind, outcome).inc()
        if outcome == "rung":
            self._lateness.labels(kind).observe(max(0.0, lateness))
