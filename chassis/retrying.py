"""Trying again what failed: a waiting event is in the store, and is tried until it has its effect or nobody can help."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, update

from chassis import wire
from chassis.backoff import Backoff
from chassis.failpoints import failpoint
from chassis.keeping import FORGOTTEN, message_of, reason
from chassis.lookout import Lookout
from chassis.outcome import Refused
from chassis.store import StoreConflict, StoreUnavailable, machine_now
from chassis.store.statements import first_due_by_handler, first_waiting
from chassis.store.tables import APPLIED, DEAD, WAITING
from chassis.work import UnitOfWork
from contracts.payload import InvalidEvent, UnknownEvent

if TYPE_CHECKING:  # the inbox tries again, so it imports this module
    from chassis.inbox import Inbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how patiently, a failed event is tried again before it is dead."""

    attempts: int = 10
    first: float = 0.25
    longest: float = 60.0

    def after(self, attempts: int) -> timedelta:
        """The pause after so many failed attempts, in machine time."""
        return Backoff(self.first, self.longest).pause(attempts)

    def state_after(self, wrong: Exception, attempts: int) -> str:
        """Dead where no try can help or enough were made; otherwise waiting."""
        hopeless = isinstance(wrong, Refused | InvalidEvent | UnknownEvent | wire.Undecodable)
        return DEAD if hopeless or attempts >= self.attempts else WAITING


class Retrier:
    """Tries the waiting events of a service's inboxes, which share one store. ``version``: see `Lookout`."""

    def __init__(self, inboxes: Sequence[Inbox], version: Callable[[], int]):
        self._inboxes, self._store = inboxes, inboxes[0].store
        self._lookout = Lookout(version)

    def step(self) -> int:
        """Try one waiting event of each inbox that has one due; answers how many were tried. Raises StoreUnavailable.

        An inbox whose event conflicts with somebody faster keeps no other from its turn.
        """
        now = machine_now()
        if not self._lookout.is_worth(now):
            return 0
        with self._store.reading() as connection:
            first = {row.handler: row.due_at for row in connection.execute(first_due_by_handler(self._store.tables.inbox))}
        self._lookout.saw(min(first.values(), default=None))
        tried = 0
        for inbox in self._inboxes:
            if inbox.handler in first and first[inbox.handler] <= now:
                with suppress(StoreConflict):
                    tried += inbox.retry_one()
        return tried


def retry_one(inbox: Inbox, as_of: datetime) -> bool:
    """Try the waiting event that is due first at an instant of machine time; False when none is. Raises StoreUnavailable."""
    row = None
    try:
        with inbox.store.transaction() as connection:
            asked = {"handler": inbox.handler, "as_of": as_of}
            row = connection.execute(first_waiting(inbox.store.tables.inbox), asked).mappings().one_or_none()
            if row is None:
                return False
            unit = UnitOfWork(inbox.store, connection, inbox.source)
            inbox.run(inbox.read(message_of(row)), unit)
            unit.flush()
            failpoint("inbox.replaying")
            done = {"state": APPLIED, "reason": None, "due_at": None, **FORGOTTEN}
            connection.execute(update(inbox.store.tables.inbox).where(*_is(inbox, row)).values(**done))
            unit.after_commit(partial(inbox.watch.handled, inbox.handler, row["type"], APPLIED))
            inbox.tell_news(unit, {row["subject"]})
    except (StoreUnavailable, StoreConflict):
        raise
    except Exception as wrong:
        if row is None:
            raise
        _failed_again(inbox, row, wrong)
    return True


def _failed_again(inbox: Inbox, row: RowMapping, wrong: Exception) -> None:
    table = inbox.store.tables.inbox
    attempts = row["attempts"] + 1
    state = inbox.retries.state_after(wrong, attempts)
    due = machine_now() + inbox.retries.after(attempts) if state == WAITING else None
    with inbox.store.transaction() as connection:
        connection.execute(
            update(table)
            .where(*_is(inbox, row), table.c.state == WAITING)
            .values(state=state, attempts=attempts, due_at=due, reason=reason(wrong))
        )
        inbox.store.after_commit(connection, partial(inbox.watch.handled, inbox.handler, row["type"], state))
    level = logging.ERROR if state == DEAD else logging.INFO
    ids = {"handler": inbox.handler, **inbox.told(row["type"], row["source"], row["event_id"], row["subject"])}
    log.log(level, "%s after %d attempts: %s", state, attempts, reason(wrong), extra=ids)


def _is(inbox: Inbox, row: RowMapping) -> tuple[Any, ...]:
    table = inbox.store.tables.inbox
    return (
        table.c.handler == row["handler"],
        table.c.source == row["source"],
        table.c.event_id == row["event_id"],
    )
