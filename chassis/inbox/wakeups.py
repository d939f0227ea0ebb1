"""What was taken in is news to others of the same process: to what waits for it, and to what has to act on it.

It only makes them quicker. Whoever is not told, because the news came to another process, say, looks by itself soon.
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
    """Shared by the inboxes of one service."""

    def __init__(self, store: Store):
        self._store = store
        self._some_wait = True  # until a look says otherwise
        self._hastened = threading.Event()
        self.version = 0
        """Grows whenever an event was kept that is to be tried again, or became due before its time."""
        self._followers: list[threading.Event] = []

    def for_waiting(self) -> threading.Event:
        """Set when a waiting event became due before its time."""
        return self._hastened

    def for_follower(self) -> threading.Event:
        """Set whenever something was taken in."""
        self._followers.append(threading.Event())
        return self._followers[-1]

    def waits(self) -> None:
        """An event was kept that is to be tried again."""
        self._some_wait = True
        self.version += 1

    def applied(self, subjects: Collection[str]) -> None:
        """Events of these subjects are committed."""
        if not subjects:
            return
        for follower in self._followers:
            follower.set()
        if self._some_wait:
            # what is out of reach is nobody's fault here: each is tried when its pause is over
            with suppress(StoreUnavailable, StoreConflict):
                self._hasten(subjects)

    def _hasten(self, subjects: Collection[str]) -> None:
        """What waits about a subject may have waited for just that: it is tried at once, and that costs it no attempt."""
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
        # one that is just tried is locked by whoever tries it
        chosen = select(*key).where(*waits, about).with_for_update(skip_locked=True)
        hasten = update(table).where(tuple_(*key).in_(chosen)).values(due_at=now, attempts=table.c.attempts - 1)
        return hasten.returning(table.c.handler)

    def _any(self) -> Any:
        return select(exists().where(self._store.tables.inbox.c.state == WAITING))
