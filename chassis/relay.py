"""The relay: publishes what the outbox holds, in order, and marks what the broker confirmed.

One leader per store. It locks, reads and marks on one session, so that a leader whose session died can no longer mark
anything. Dying between the confirm and the mark means that events are published again: their consumers know them by id.
"""

import logging
import select as sockets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from chassis.bus import BusUnavailable, Letter, Publisher
from chassis.failpoints import failpoint
from chassis.store import Store, StoreUnavailable, machine_now
from chassis.store.store import WAKE_CHANNEL, translated
from chassis.store.tables import PARKED, PENDING, PUBLISHED
from chassis.wire import JSON, Message

log = logging.getLogger(__name__)

LEADER_LOCK = 0x77686973  # "whis": one key, since each service has a database of its own
PAUSE_FIRST, PAUSE_LONGEST = 0.2, 5.0


class RelayWatch(Protocol):
    """What the relay reports to the metrics."""

    def leading(self, leads: bool) -> None:
        """This process became, or ceased to be, the leader."""

    def published(self, count: int, parked: int) -> None:
        """A batch was confirmed; so many of it were refused."""


class Relay:
    """Runs until it is told to stop, through every outage of broker and store."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        mandatory: Callable[[str], bool],
        watch: RelayWatch,
        on_state: Callable[[str | None], None],
        batch: int = 500,
        poll: float = 1.0,
    ):
        self._store, self._publisher, self._mandatory = store, publisher, mandatory
        self._watch, self._on_state = watch, on_state
        self._batch, self._poll, self._pause = batch, poll, PAUSE_FIRST

    def run(self, stop: threading.Event) -> None:
        """Lead or wait to lead. When stopped, publish what is pending, if that is possible, and return."""
        while not stop.is_set():
            try:
                with self._session() as session:
                    if not self._lead(session, stop):
                        break
                    self._watch.leading(True)
                    self._work(session, stop)
            except (StoreUnavailable, BusUnavailable) as wrong:
                log.warning("relay: %s", wrong)
                self._on_state(str(wrong))
                stop.wait(self._pause)
                self._pause = min(self._pause * 2, PAUSE_LONGEST)
            finally:
                self._watch.leading(False)
        self._publisher.close()

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        try:
            with self._store.engine.connect() as connection:
                session = connection.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    yield session
                finally:
                    # the lock and the subscription live as long as the session: it must not go back into the pool
                    session.invalidate()
        except DBAPIError as wrong:
            raise translated(wrong) from wrong

    def _lead(self, session: Connection, stop: threading.Event) -> bool:
        while not session.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}).scalar_one():
            self._on_state(None)
            if stop.wait(self._poll):
                return False
        session.execute(text(f"LISTEN {WAKE_CHANNEL}"))
        return True

    def _work(self, session: Connection, stop: threading.Event) -> None:
        while True:
            stopping = stop.is_set()  # looked at before, so that what was committed before the stop is published
            count = self.publish_pending(session)
            self._pause = PAUSE_FIRST
            self._on_state(None)
            if count == self._batch:
                continue
            if stopping:
                return
            self._wait(session, stop)

    def _wait(self, session: Connection, stop: threading.Event) -> None:
        """Until a commit of any replica wakes us, or the poll is due. Notices a stop within a quarter of a second."""
        driver: Any = session.connection.driver_connection
        end = time.monotonic() + self._poll
        while not stop.is_set() and time.monotonic() < end:
            self._publisher.keep_alive()
            try:
                driver.poll()
            except Exception as wrong:
                raise StoreUnavailable("the relay's session was lost") from wrong
            if driver.notifies:
                driver.notifies.clear()
                return
            sockets.select([driver.fileno()], [], [], min(0.25, max(0.0, end - time.monotonic())))

    def publish_pending(self, session: Connection) -> int:
        """Publish one batch and mark it; answers how many rows it had."""
        table = self._store.tables.outbox
        columns = (table.c.position, table.c.event_id, table.c.exchange, table.c.type, table.c.headers, table.c.body)
        pending = select(*columns).where(table.c.state == PENDING).order_by(table.c.position).limit(self._batch)
        rows = session.execute(pending).mappings().all()
        if not rows:
            return 0
        refused = self._publisher.publish([self._letter(row) for row in rows])
        failpoint("relay.published")
        self._mark(session, [row["position"] for row in rows if row["event_id"] not in refused])
        for row in rows:
            if row["event_id"] in refused:
                self._park(session, row, refused[row["event_id"]])
        self._watch.published(len(rows) - len(refused), len(refused))
        return len(rows)

    def _letter(self, row: Any) -> Letter:
        message = Message(headers=row["headers"], content_type=JSON, body=bytes(row["body"]))
        return Letter(row["event_id"], row["exchange"], row["type"], message, self._mandatory(row["type"]))

    def _mark(self, session: Connection, positions: Sequence[int]) -> None:
        table = self._store.tables.outbox
        if positions:
            session.execute(
                update(table)
                .where(table.c.position.in_(positions))
                .values(state=PUBLISHED, published_at=machine_now(), reason=None)
            )

    def _park(self, session: Connection, row: Any, why: str) -> None:
        table = self._store.tables.outbox
        log.error("parked in the outbox: %s", why, extra={"event": row["event_id"], "type": row["type"]})
        session.execute(update(table).where(table.c.position == row["position"]).values(state=PARKED, reason=why))
