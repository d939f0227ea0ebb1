"""Several services of one process, moved in one fixed order on a clock that jumps: the same story each time it is told.

Nothing runs by itself. `settle` does all that can be done at this instant; then the clock may be moved to the next timer or
to whatever is simulated. How fast the machine is decides nothing.
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
from chassis.persistence.statements import first_due_by_handler
from chassis.runtime.runtime import Runtime, Spawn

_ANY_DUE = timedelta(days=365)
DAILY_FROM_PAUSE = 5.0
"""A part of a service's own that otherwise pauses for so many seconds looks once a day of the story: what it looks for, such
as a changed configuration, does not happen in one."""


class SteppedRuntime(Runtime):
    """A service whose parts wait to be moved."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.wakeups = None  # the conductor says when what waits is tried: the machine's time must decide nothing

    def start(self, spawn: Spawn) -> None:
        """Open the queues, become the store's leader, and let nothing run. Raises StoreUnavailable where another leads."""
        self._inboxes: list[Inbox] = self.inboxes()
        self._relay: Relay = self.relay()
        self._timers = self.timers()
        self._held = ExitStack()
        self._idle: dict[str, tuple[int, datetime | date]] = {}
        self._due_as_of = -1
        self._first_due = select(func.min(self.store.tables.timers.c.due_at))
        self.store.woken.set()  # something may be left of another time
        self._session: LeaderElection = self._held.enter_context(leader_election(self.store))
        if not self._session.lead():
            raise StoreUnavailable(f"another process is at work on {self.store.engine.url.database}")
        self._consumers = [self.consumer(inbox) for inbox in self._inboxes]
        for consumer in self._consumers:
            assert isinstance(consumer, EmbeddedConsumer)
            consumer.open()

    def stop_intake(self) -> None:
        """Nothing is taken in but what the conductor moves."""

    def stop(self) -> None:
        """Let go of everything."""
        self._held.close()
        self.store.close()

    def publish(self) -> int:
        """Publish one batch; answers how many events it had."""
        if not self.store.woken.is_set():
            return 0
        self.store.woken.clear()
        count = self._relay.publish_pending(self._session)
        if count == BATCH:  # there may be more
            self.store.woken.set()
        return count

    def fire_timers(self) -> int:
        """Ring one batch of what is due; answers how many timers it had."""
        due = self.next_due()
        return self._unless_idle("timers", self._timers.fire_due) if due is not None and due <= self.clock.now() else 0

    def run_service_tasks(self) -> int:
        """One step of each part of the service's own; answers how much there was to do."""
        return sum(
            self._unless_idle(part.name, part.step, seldom=part.pause >= DAILY_FROM_PAUSE) for part in self.service_tasks
        )

    def retry(self) -> int:
        """Try waiting events again, due or not: nothing else can change any more that they could wait for."""
        return self._unless_idle("retry", self._retry_waiting)

    def _retry_waiting(self) -> int:
        with self.store.reading() as connection:
            if connection.execute(first_due_by_handler(self.store.tables.inbox)).first() is None:
                return 0
        return sum(retry_one(inbox, machine_now() + _ANY_DUE) for inbox in self._inboxes)

    def next_due(self) -> datetime | None:
        """When the next timer is due, in business time."""
        if self._due_as_of != self.store.changes:
            with self.store.reading() as connection:
                self._due: datetime | None = connection.execute(self._first_due).scalar_one()
            self._due_as_of = self.store.changes
        return self._due

    def _unless_idle(self, name: str, step: Callable[[], int], seldom: bool = False) -> int:
        """Take a step, unless neither the store nor the clock has moved since it last had nothing to do.

        What is done ``seldom`` is not done again because the store has changed.
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
    """Moves services in the order in which they are given."""

    def __init__(self, services: Sequence[SteppedRuntime]):
        self._services = services

    def settle(self) -> None:
        """Do all that can be done at this instant. Raises StoreUnavailable and BusUnavailable: nobody else mends it."""
        while self._moved():
            pass

    def _moved(self) -> int:
        """One round of the first kind of work that there is."""
        return (
            sum(service.publish() for service in self._services)
            or sum(service.fire_timers() for service in self._services)
            or sum(service.run_service_tasks() for service in self._services)
            or sum(service.retry() for service in self._services)
        )

    def next_due(self) -> datetime | None:
        """When the next timer of any service is due; None where none is armed."""
        return min(filter(None, (service.next_due() for service in self._services)), default=None)
