"""A service's store: its engine, its transactions, their after-commit hooks, and the wake-up of its relay."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.persistence.document_mapper import Mapper
from chassis.persistence.engine import new_engine, read_only
from chassis.persistence.errors import StoreUnavailable, translated
from chassis.persistence.tables import ChassisTables
from chassis.persistence.timeouts import Timeouts

log = logging.getLogger(__name__)

Hook = Callable[[], object]
"""Called without arguments after a transaction committed; its result is ignored."""
WAKE_CHANNEL = "outbox"
_HOOKS = "whistle_after_commit"
"""The execution option that holds the hooks of a connection's current transaction."""
PROBE = "probe"
"""The name of the mark that a probe writes."""
TURN_SECONDS = 5
"""The longest wait of a transaction for its turn in a store with one writer; each should take milliseconds."""


class Store:
    """The database of one service.

    ``mappers`` map the service's aggregates. Raises StoreUnavailable and StoreConflict in place of the driver's errors of that
    meaning; every other error passes unchanged.
    """

    def __init__(
        self,
        url: str,
        tables: ChassisTables,
        mappers: tuple[Mapper[Any], ...] = (),
        pool_size: int = 10,
        timeouts: Timeouts | None = None,
    ):
        self.url = url
        self.tables = tables
        self.mappers = {mapper.cls: mapper for mapper in mappers}
        self.engine = new_engine(url, pool_size, timeouts)
        self.is_postgres = self.engine.dialect.name == "postgresql"
        # SQLite has one writer, and waiting for it inside the driver would stop every green thread, the writer too
        self._turn = None if self.is_postgres else threading.Lock()
        self.on_hook_failure: Hook = lambda: None
        """Called for each after-commit hook that raised, so that the failure is counted."""
        self.woken = threading.Event()
        """Set after a commit that published events, if the database itself cannot wake the relay."""
        self.armed = 0
        """The number of units of work of this process that armed timers: see `chassis.persistence.poll_gate`."""
        self.changes = 0
        """The number of rows that this process has changed; counted only in a store with one writer."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction: committed when the block ends, rolled back when it raises. Its hooks run after the commit."""
        hooks: list[Hook] = []
        with (
            self._errors_translated(),
            self._one_at_a_time(),
            self.engine.begin() as connection,
            self._counting_changes(connection),
        ):
            yield connection.execution_options(**{_HOOKS: hooks})
        # outside of the block: a hook may open its own transaction, and its error is not an error of this one
        for hook in hooks:
            self._run(hook)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for one read-only statement: it locks nothing and waits for no writer. Raises StoreUnavailable."""
        with self._errors_translated(), self.engine.connect() as connection:
            yield self._autocommitting(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read-only transaction: its statements read one snapshot. It waits for no writer and blocks none.

        Raises StoreUnavailable.
        """
        with self._errors_translated(), self.engine.connect() as connection:
            reader = read_only(connection)
            with reader.begin():
                yield reader

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as wrong:
            raise translated(wrong) from wrong
        except PoolTimeout as wrong:
            raise StoreUnavailable("every connection is in use") from wrong

    def _autocommitting(self, connection: Connection) -> Connection:
        """Return the connection without a transaction: BEGIN and COMMIT would be most of the work."""
        if self.is_postgres:
            return connection.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execution_options(sqlite_begin=None)

    def note_armed(self) -> None:
        """Note, after a commit that armed timers, that the timers have to be polled."""
        self.armed += 1

    def after_commit(self, connection: Connection, hook: Hook) -> None:
        """Register ``hook``, within a transaction of this store, to be called once in the same thread after the commit.

        A transaction that is rolled back drops its hooks; if it is run again, it registers them again. So everything that a
        hook counts was committed. A hook is lost if the process dies, or the connection breaks, between the commit and the
        call: an exact count has to be a row. An exception in a hook is logged and counted; the commit stands and the other
        hooks run. Raises LookupError for a connection without a transaction of a store.
        """
        hooks: list[Hook] | None = connection.get_execution_options().get(_HOOKS)
        if hooks is None:
            raise LookupError("after_commit wants the connection of a Store.transaction()")
        hooks.append(hook)

    def _run(self, hook: Hook) -> None:
        try:
            hook()
        except Exception:
            log.exception("an after-commit hook failed; what was committed stands")
            self.on_hook_failure()

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if self._turn is None:
            yield
        elif not self._turn.acquire(timeout=TURN_SECONDS):
            raise StoreUnavailable(f"another transaction has held the store for {TURN_SECONDS} s")
        else:
            try:
                yield
            finally:
                self._turn.release()

    @contextmanager
    def _counting_changes(self, connection: Connection) -> Iterator[None]:
        if self.is_postgres:
            yield
            return
        driver: Any = connection.connection.driver_connection
        before = driver.total_changes
        yield
        self.changes += driver.total_changes - before

    def probe(self) -> None:
        """Commit a change of one row: a store that is read only or full is not healthy. Raises StoreUnavailable."""
        with self.transaction() as connection:
            connection.execute(self._noting(PROBE, machine_now()))

    def mark(self, connection: Connection, name: str, at: datetime) -> None:
        """Store an instant under a name, within a transaction. The instant never goes back."""
        connection.execute(self._noting(name, at, later=self.tables.marks.c.at < at))

    def _noting(self, name: str, at: datetime, later: Any = None) -> Any:
        table = self.tables.marks
        insert: Any = (postgresql if self.is_postgres else sqlite).insert(table).values(name=name, at=at)
        return insert.on_conflict_do_update(index_elements=[table.c.name], set_={"at": at}, where=later)

    def wake_relay(self, connection: Connection) -> None:
        """Wake the relay, in whichever process it runs, when this transaction commits."""
        if self.is_postgres:
            connection.execute(text(f"NOTIFY {WAKE_CHANNEL}"))
        else:
            self.after_commit(connection, self.woken.set)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def machine_now() -> datetime:
    """Return machine time, for retries, leases and retention; never for the business."""
    return datetime.now(UTC)
