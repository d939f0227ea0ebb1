"""A simulation: several services of one process, stepped in a fixed order on a clock that skips time. Every run is the same.

Nothing runs by itself. `settle` does all work that is possible at this instant; then the clock may be moved to the next timer
or to the next simulated event. The speed of the machine has no influence.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from chassis.inbox.inbox import Inbox
from chassis.inbox.retries import retry_one
from chassis.messaging.embedded import EmbeddedConsumer
from chassis.outbox.relay import BATCH, Relay
from chassis.persistence import StoreUnavailable, machine_now
from chassis.persistence.leader_election import LeaderElection, leader_election
from chassis.persistence.statements import any_waiting
from chassis.runtime.runtime import Runtime, Spawn

_ANY_DUE = timedelta(days=365)
DAILY_FROM_PAUSE = 5.0
"""A task of a service with a pause of at least so many seconds runs once a day of the simulation: the change it polls for, such
as a changed configuration, does not happen in one."""


class SteppedRuntime(Runtime):
    """A runtime without loops of its own: the simulation steps it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.wakeups = None  # the simulation decides when waiting events are retried: machine time must decide nothing

    def start(self, spawn: Spawn) -> None:
        """Open the queues and become the store's leader, without starting a loop. Raises StoreUnavailable if another process
        leads."""
        self._inboxes: list[Inbox] = self.inboxes()
        self._relay: Relay = self.relay()
        self._timers = self.timers()
        self._held = ExitStack()
        self._idle: dict[str, tuple[int, datetime | date]] = {}
        self._due_as_of = -1
        self._first_due = select(func.min(self.store.tables.timers.c.due_at))
        self.store.woken.set()  # events of an earlier run may be pending
        self._session: LeaderElection = self._held.enter_context(leader_election(self.store))
        if not self._session.lead():
            raise StoreUnavailable(f"another process is at work on {self.store.engine.url.database}")
        self._consumers = [self.consumer(inbox) for inbox in self._inboxes]
        for consumer in self._consumers:
            assert isinstance(consumer, EmbeddedConsumer)
            consumer.open()

    def stop_intake(self) -> None:
        """Do nothing: only the simulation moves events."""

    def stop(self) -> None:
        """Release everything."""
        self._held.close()
        self.store.close()

    def publish(self) -> int:
        """Publish one batch. Return how many events it had."""
        if not self.store.woken.is_set():
            return 0
        self.store.woken.clear()
        count = self._relay.publish_pending(self._session)
        if count == BATCH:  # there may be more
            self.store.woken.set()
        return count

    def fire_timers(self) -> int:
        """Fire one batch of due timers. Return how many it had."""
        due = self.next_due()
        return self._unless_idle("timers", self._timers.fire_due) if due is not None and due <= self.clock.now() else 0

    def run_service_tasks(self) -> int:
        """Run one step of each task of the service. Return the sum of their results."""
        return sum(
            self._unless_idle(part.name, part.step, seldom=part.pause >= DAILY_FROM_PAUSE) for part in self.service_tasks
        )

    def retry(self) -> int:
        """Retry waiting events, due or not: no other work is left that they could wait for. Return how many were tried."""
        return self._unless_idle("retry", self._retry_waiting)

    def _retry_waiting(self) -> int:
        with self.store.reading() as connection:
            if connection.execute(any_waiting(self.store.tables.inbox)).first() is None:
                return 0
        return sum(retry_one(inbox, machine_now() + _ANY_DUE) for inbox in self._inboxes)

    def next_due(self) -> datetime | None:
        """Return when the next timer is due, in business time; None if none is armed."""
        if self._due_as_of != self.store.changes:
            with self.store.reading() as connection:
                self._due: datetime | None = connection.execute(self._first_due).scalar_one()
            self._due_as_of = self.store.changes
        return self._due

    def _unless_idle(self, name: str, step: Callable[[], int], seldom: bool = False) -> int:
        """Run a step, unless neither the store nor the clock has changed since it last had nothing to do.

        A step that is ``seldom`` run is not repeated because the store has changed.
        """
        if self._idle.get(name) == self._now(seldom):
            return 0
        done = step()
        if not done:
            self._idle[name] = self._now(seldom)
        return done

    def _now(self, seldom: bool) -> tuple[int, datetime | date]:
        now = self.clock.now()
        return (0, now.date()) if seldom else (self.store.changes, now)


class Simulation:
    """Steps services in the order in which they are given."""

    def __init__(self, services: Sequence[SteppedRuntime]):
        self._services = services

    def settle(self) -> None:
        """Do all work that is possible at this instant. Raises StoreUnavailable and BusUnavailable: nothing retries in a
        simulation."""
        while self._moved():
            pass

    def _moved(self) -> int:
        """Run one round of the first kind of work that there is. Return how much was done."""
        return (
            sum(service.publish() for service in self._services)
            or sum(service.fire_timers() for service in self._services)
            or sum(service.run_service_tasks() for service in self._services)
            or sum(service.retry() for service in self._services)
        )

    def next_due(self) -> datetime | None:
        """Return when the next timer of any service is due; None if none is armed."""
        return min(filter(None, (service.next_due() for service in self._services)), default=None)
