"""What the gauges say, read from the store now and then."""

from typing import Any

from sqlalchemy import func, select

from chassis.clock import BusinessClock
from chassis.metrics import ChassisMetrics
from chassis.store import Store, StoreUnavailable, machine_now
from chassis.store.tables import DEAD, PARKED, PENDING, WAITING


def read_gauges(store: Store, clock: BusinessClock, metrics: ChassisMetrics) -> None:
    """Set every gauge of the chassis. Raises StoreUnavailable, which a gauge then says too."""
    try:
        _read(store, clock, metrics)
    except StoreUnavailable:
        metrics.store_up.set(0)
        raise
    metrics.store_up.set(1)


def _read(store: Store, clock: BusinessClock, metrics: ChassisMetrics) -> None:
    outbox, inbox, timers = store.tables.outbox.c, store.tables.inbox.c, store.tables.timers.c
    with store.transaction() as connection:

        def count(condition: Any) -> int:
            return connection.execute(select(func.count()).where(condition)).scalar_one()

        pending, oldest = connection.execute(
            select(func.count(), func.min(outbox.created_at)).where(outbox.state == PENDING)
        ).one()
        metrics.outbox_pending.set(pending)
        metrics.outbox_age.set((machine_now() - oldest).total_seconds() if oldest else 0)
        metrics.outbox_parked.set(count(outbox.state == PARKED))
        metrics.inbox_waiting.set(count(inbox.state == WAITING))
        metrics.inbox_dead.set(count(inbox.state == DEAD))
        metrics.timers_overdue.set(count(timers.due_at <= clock.now()))
