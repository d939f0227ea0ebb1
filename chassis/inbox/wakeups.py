"""Wake-ups within one process: an applied event wakes the retries of its subject and the loops that follow the intake.

A wake-up only saves time. A loop that gets none, for instance because another process applied the event, polls soon anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, exists, select, tuple_, update

from chassis.persistence import Store, StoreConflict, StoreUnavailable, machine_now
from chassis.persistence.tables import WAITING


class Wakeups:
    """Wake-ups shared by the inboxes of one service."""

    def __init__(self, store: Store):
        self._store = store
        self._some_wait = True  # until a query finds none
        self._hastened = threading.Event()
        self.version = 0
        """Grows whenever an event was stored for a retry, or became due before its time."""
        self._followers: list[threading.Event] = []

    def for_waiting(self) -> threading.Event:
        """Return the flag that is set when a waiting event became due before its time."""
        return self._hastened

    def for_follower(self) -> threading.Event:
        """Return a new flag that is set whenever events were applied."""
        self._followers.append(threading.Event())
        return self._followers[-1]

    def waits(self) -> None:
        """Note that an event was stored for a retry."""
        self._some_wait = True
        self.version += 1

    def applied(self, subjects: Collection[str]) -> None:
        """Note that events of these subjects are committed, and wake the loops."""
        if not subjects:
            return
        for follower in self._followers:
            follower.set()
        if self._some_wait:
            # in an outage no wake-up is sent: each event is retried when its pause is over
            with suppress(StoreUnavailable, StoreConflict):
                self._hasten(subjects)

    def _hasten(self, subjects: Collection[str]) -> None:
        """Make the waiting events of these subjects due at once, since they may have waited for just these. That costs them no
        attempt."""
        with self._store.transaction() as connection:
            hastened = connection.execute(self._hastening(), {"subjects": sorted(subjects)}).scalars().all()
            if not hastened:
                self._some_wait = bool(connection.execute(self._any()).scalar_one())
        if hastened:
            self.version += 1
            self._hastened.set()

    def _hastening(self) -> Any:
        table, now = self._store.tables.inbox, machine_now()
        key = (table.c.handler, table.c.source, table.c.event_id)
        about = table.c.subject.in_(bindparam("subjects", expanding=True))
        waits = (table.c.state == WAITING, table.c.due_at > now, table.c.attempts > 0)
        # an event that is being retried is locked by its retrier
        chosen = select(*key).where(*waits, about).with_for_update(skip_locked=True)
        hasten = update(table).where(tuple_(*key).in_(chosen)).values(due_at=now, attempts=table.c.attempts - 1)
        return hasten.returning(table.c.handler)

    def _any(self) -> Any:
        return select(exists().where(self._store.tables.inbox.c.state == WAITING))
