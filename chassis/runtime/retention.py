"""Retention: applied inbox rows and published outbox rows are removed when they are older than a span of machine time.

A row that waits for a person or for a retry is never removed, nor is a timer. The extent of the removal is stored in the same
transaction, so that `whistle reconcile` knows which rows it cannot check any more. docs/decisions/0017 gives the reasons for
the span, and the meaning of a command that is repeated after it.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, case, delete, select, tuple_

from chassis.messaging import cloudevents_codec
from chassis.observability.health import Health
from chassis.persistence import Store, machine_now
from chassis.persistence.statements import dialect_insert
from chassis.persistence.tables import APPLIED, PUBLISHED

INBOX_MARK = "inbox.removed"
"""The mark of the instant before which inbox rows may have been removed, by the time of their receipt."""
SETTLED = 600.0
"""Seconds without any trouble before rows are removed. After an outage, however long, the broker first redelivers the messages
that were prefetched when it began; the rows that identify them must still exist then."""


class RemovalWatch(Protocol):
    """The metrics that retention reports to."""

    def removed(self, table: str, count: int) -> None:
        """Count removed rows."""


class Retention:
    """The retention of one store. It removes old rows in batches.

    ``span`` is the setting ``WHISTLE_RETENTION_DAYS``; ``settled`` is in seconds.
    """

    def __init__(
        self,
        store: Store,
        span: timedelta,
        health: Health,
        watch: RemovalWatch,
        batch: int = 1000,
        settled: float = SETTLED,
    ):
        self._store, self._span, self._health, self._watch = store, span, health, watch
        self._batch, self._settled = batch, settled
        self._calm_since: float | None = None

    def step(self) -> int:
        """Remove one batch of each table. Always returns 0, so that the next step follows after a pause. Raises
        StoreUnavailable."""
        if self._calm():
            before = machine_now() - self._span
            self._watch.removed("inbox", self.remove_applied(before))
            self._watch.removed("outbox", self.remove_published(before))
        return 0

    def _calm(self) -> bool:
        if self._health.troubles():
            self._calm_since = None
            return False
        if self._calm_since is None:
            self._calm_since = time.monotonic()
        return time.monotonic() - self._calm_since >= self._settled

    def remove_applied(self, before: datetime) -> int:
        """Remove inbox rows whose events were received before an instant and took effect. Return how many."""
        table = self._store.tables.inbox
        key = (table.c.handler, table.c.source, table.c.event_id)
        old = (
            select(*key)
            .where(table.c.state == APPLIED, table.c.received_at < before)
            .order_by(table.c.received_at)
            .limit(self._batch)
            .with_for_update(skip_locked=True)
            .cte("old")  # a subquery may run again for each row, and would then lock and remove another batch each time
        )
        gone = delete(table).where(tuple_(*key).in_(select(*old.c))).returning(table.c.handler)
        with self._store.transaction() as connection:
            count = len(connection.execute(gone).all())
            if count:
                self._store.mark(connection, INBOX_MARK, before)
        return count

    def remove_published(self, before: datetime) -> int:
        """Remove outbox rows that were confirmed before an instant. Return how many.

        Only the first rows by position are read, where the oldest are: that needs no index.
        """
        table = self._store.tables.outbox
        columns = (table.c.position, table.c.published_at)
        first = select(*columns).where(table.c.state == PUBLISHED).order_by(table.c.position).limit(self._batch).subquery()
        old = select(first.c.position).where(first.c.published_at < before)
        gone = delete(table).where(table.c.position.in_(old))
        with self._store.transaction() as connection:
            rows = connection.execute(gone.returning(table.c.subject, table.c.sequence, table.c.headers)).all()
            if rows:
                self._note(connection, rows)
        return len(rows)

    def _note(self, connection: Connection, rows: Sequence[Any]) -> None:
        """Store each subject's highest removed number. Locks the counters in the order of `chassis.unit_of_work`."""
        highest: dict[tuple[str, str], int] = {}
        for row in rows:
            stream = cloudevents_codec.spelled(row.headers)["ce-source"], row.subject
            highest[stream] = max(highest.get(stream, 0), row.sequence)
        table = self._store.tables.sequences
        insert = dialect_insert(connection)(table)
        # the counter always exists: the inserted values are never used
        further = case((insert.excluded.removed > table.c.removed, insert.excluded.removed), else_=table.c.removed)
        noted = insert.on_conflict_do_update(index_elements=[table.c.source, table.c.subject], set_={"removed": further})
        counters = [
            {"source": source, "subject": subject, "last": number, "removed": number}
            for (source, subject), number in sorted(highest.items())
        ]
        connection.execute(noted.returning(table.c.subject), counters)
