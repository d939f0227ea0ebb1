"""Durable timers: rows that fire when business time reaches them.

The effect of a fired timer and the deletion of its row commit together. Handlers insert and delete rows but never wait for one:
the row of a firing timer is locked, a handler that cancels it skips it, and it does nothing because the aggregate's generation
has advanced. So a timer and an event for the same aggregate cannot deadlock.

`persistence.statements.due_timers` decides the order in which due timers fire.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Any, Protocol

from sqlalchemy import Connection, update

from chassis.backoff import Backoff
from chassis.clock import BusinessClock
from chassis.failpoints import failpoint
from chassis.handler_context import HandlerContext
from chassis.inbox.inbox_records import reason
from chassis.observability import logs
from chassis.persistence import Store, StoreConflict, StoreUnavailable, machine_now
from chassis.persistence.conflicts import retry_conflicts
from chassis.persistence.poll_gate import PollGate
from chassis.persistence.statements import due_timers, first_timer_due, removing_fired
from chassis.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=2.0, longest=300.0)
"""The pauses of a failed timer, in machine time."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that is due. ``name`` may be ``<kind>:<detail>``; the kind chooses the handler."""

    subject: str
    name: str
    generation: int
    due: datetime

    @property
    def kind(self) -> str:
        """Return the part of the name before the colon."""
        return self.name.partition(":")[0]

    @property
    def detail(self) -> str:
        """Return the part of the name after the colon."""
        return self.name.partition(":")[2]


TimerHandler = Callable[[TimerFired, HandlerContext], None]


class TimerWatch(Protocol):
    """The metrics that the timers report to."""

    def fired(self, kind: str, outcome: str, lateness: float) -> None:
        """Count a fired timer; ``lateness`` is in seconds of business time after its due time."""


class Timers:
    """The timers of one service. ``handlers`` maps a kind to its handler; ``aggregates`` are
    `ServiceDefinition.timer_aggregates`."""

    def __init__(
        self,
        store: Store,
        clock: BusinessClock,
        source: str,
        handlers: Mapping[str, TimerHandler],
        watch: TimerWatch,
        batch: int = 200,
        aggregates: Sequence[type] = (),
    ):
        self._store, self._clock, self._source = store, clock, source
        self._handlers, self._watch, self._batch, self._aggregates = handlers, watch, batch, aggregates
        self._current: Any = None
        self._lookout = PollGate(lambda: store.armed)

    def step(self) -> int:
        """Call `fire_due` if a timer may be due. Return how many timers fired or failed."""
        return self.fire_due() if self._lookout.is_worth(self._clock.now()) else 0

    def fire_due(self) -> int:
        """Fire one batch of due timers. Return how many rows it had. Raises StoreUnavailable."""
        self._lookout.saw(first := self._first_due())
        if first is None or first > self._clock.now():
            return 0
        try:
            return self._fire_batch(self._batch)
        except StoreUnavailable:
            raise
        except Exception:
            # one timer aborts the transaction of all: each gets its own transaction, and the failing one is postponed
            return sum(takewhile(bool, (self._fire_alone() for _ in range(self._batch))))

    def _fire_alone(self) -> int:
        try:
            return retry_conflicts(partial(self._fire_batch, 1))
        except StoreConflict:
            return 0
        except StoreUnavailable:
            raise
        except Exception as wrong:
            self._put_off(wrong)
            return 1

    def _fire_batch(self, most: int) -> int:
        self._current = None
        with self._store.transaction() as connection:
            rows = self._claim(connection, most)
            if not rows:
                return 0
            if most == 1:  # any failure from here on belongs to this timer, also one before its handler is called
                self._current = rows[0]
            unit = UnitOfWork(self._store, connection, self._source)
            for cls in self._aggregates:
                unit.lock(cls, {row["subject"] for row in rows})
            for row in sorted(rows, key=lambda row: (row["subject"], row["due_at"], row["position"])):
                self._fire_row(row, unit)
            # before the effects are written: one of them may be the same timer, armed again
            connection.execute(removing_fired(self._store.tables.timers), {"positions": [row["position"] for row in rows]})
            unit.flush()
            failpoint("timers.claimed")
            unit.after_commit(partial(self._report, rows))
        failpoint("work.committed")
        return len(rows)

    def _report(self, rows: Sequence[Any]) -> None:
        now = self._clock.now()
        for row in rows:
            self._watch.fired(_timer_of(row).kind, "fired", (now - row["due_at"]).total_seconds())

    def _fire_row(self, row: Any, unit: UnitOfWork) -> None:
        timer = _timer_of(row)
        self._current = row
        handler = self._handlers.get(timer.kind)
        if handler is None:
            raise LookupError(f"nobody takes timers of kind {timer.kind!r}")
        ctx = HandlerContext(unit=unit, now=self._clock.now(), correlation=timer.subject, causation=row["causation"])
        with logs.bound(correlation=ctx.correlation, causation=ctx.causation, timer=timer.name):
            handler(timer, ctx)

    def _first_due(self) -> datetime | None:
        """Return the due time of the first timer, without a lock: most of the time no timer is due."""
        with self._store.reading() as connection:
            first = first_timer_due(self._store.tables.timers)
            due: datetime | None = connection.execute(first, {"machine_now": machine_now()}).scalar_one_or_none()
            return due

    def _claim(self, connection: Connection, most: int) -> Sequence[Any]:
        return connection.execute(due_timers(self._store.tables.timers, most), self._now()).mappings().all()

    def _now(self) -> dict[str, datetime]:
        return {"now": self._clock.now(), "machine_now": machine_now()}

    def _put_off(self, wrong: Exception) -> None:
        """Postpone the claimed row, which failed: it stays armed and is retried with growing pauses, without limit.

        Raises ``wrong`` if no row was claimed: then no timer caused the failure.
        """
        row, table = self._current, self._store.tables.timers
        if row is None:
            raise wrong
        attempts = row["attempts"] + 1
        retry_at = machine_now() + BACKOFF.pause(attempts)
        with self._store.transaction() as connection:
            connection.execute(
                update(table)
                .where(table.c.position == row["position"])
                .values(attempts=attempts, retry_at=retry_at, reason=reason(wrong))
            )
            self._store.after_commit(connection, partial(self._watch.fired, _timer_of(row).kind, "failed", 0.0))
        ids = {"subject": row["subject"], "timer": row["name"], "attempts": attempts}
        log.error("timer failed: %s", reason(wrong), exc_info=wrong, extra=ids)


def _timer_of(row: Any) -> TimerFired:
    return TimerFired(subject=row["subject"], name=row["name"], generation=row["generation"], due=row["due_at"])
