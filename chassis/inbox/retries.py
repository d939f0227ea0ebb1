"""Retries: a waiting event in the store is retried until it takes effect or becomes a dead letter."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import RowMapping, update

from chassis.failpoints import failpoint
from chassis.inbox.inbox import Inbox
from chassis.inbox.inbox_records import FORGOTTEN, message_of, reason
from chassis.persistence import StoreConflict, StoreUnavailable, machine_now
from chassis.persistence.poll_gate import PollGate
from chassis.persistence.statements import first_due_by_handler, first_waiting
from chassis.persistence.tables import APPLIED, DEAD, WAITING
from chassis.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)


class Retrier:
    """Retries the waiting events of a service's inboxes, which share one store. ``version``: see `PollGate`."""

    def __init__(self, inboxes: Sequence[Inbox], version: Callable[[], int]):
        self._inboxes, self._store = inboxes, inboxes[0].store
        self._lookout = PollGate(version)

    def step(self) -> int:
        """Retry one waiting event of each inbox that has one due. Return how many were tried. Raises StoreUnavailable.

        A conflict of one inbox's event with another transaction does not take the other inboxes' turn.
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
                    tried += retry_one(inbox, now)
        return tried


def retry_one(inbox: Inbox, as_of: datetime | None = None) -> bool:
    """Retry the waiting event that is due first at ``as_of`` (machine time; now if None). Return False if none is due.

    Raises StoreUnavailable and StoreConflict.
    """
    row = None
    try:
        with inbox.store.transaction() as connection:
            asked = {"handler": inbox.handler, "as_of": as_of or machine_now()}
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
            inbox.register_wakeup(unit, {row["subject"]})
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
