"""Gauges that are read periodically from the store."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import Gauge

from chassis.clock import BusinessClock
from chassis.observability.metrics import ChassisMetrics
from chassis.observability.outbox_readiness import Outbox
from chassis.persistence import Store, StoreUnavailable, machine_now
from chassis.persistence.statements import levels


def read_gauges(store: Store, clock: BusinessClock, metrics: ChassisMetrics) -> Outbox:
    """Set every gauge of the chassis. Return the outbox's. Raises StoreUnavailable, which the gauge store_up then shows too."""
    try:
        outbox = _read(store, clock, metrics)
    except StoreUnavailable:
        metrics.store_up.set(0)
        raise
    metrics.store_up.set(1)
    return outbox


def _read(store: Store, clock: BusinessClock, metrics: ChassisMetrics) -> Outbox:
    now = clock.now()
    with store.reading() as connection:
        seen = connection.execute(levels(store.tables), {"now": now}).one()
    metrics.outbox_pending.set(seen.pending)
    age = _seconds(seen.pending_since, machine_now())
    metrics.outbox_age.set(age)
    metrics.outbox_parked.set(seen.parked)
    metrics.inbox_waiting.set(seen.waiting)
    metrics.inbox_dead.set(seen.dead)
    metrics.timers_overdue.set(seen.overdue)
    metrics.timers_late.set(_seconds(seen.overdue_since, now))
    return Outbox(seen.parked, seen.pending, age)


def _seconds(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


class Counted:
    """A gauge with labels whose every sample is complete: a label that is not in the latest sample is removed.

    It is never empty in between, since another thread reads it.
    """

    def __init__(self, gauge: Gauge):
        self._gauge = gauge
        self._there: set[tuple[str, ...]] = set()

    def set(self, counts: Mapping[tuple[str, ...], float]) -> None:
        """Set the counts, by the values of the labels."""
        for labels, count in counts.items():
            self._gauge.labels(*labels).set(count)
        for gone in self._there - set(counts):
            self._gauge.remove(*gone)
        self._there = set(counts)
