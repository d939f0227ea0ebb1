"""Leader election: one relay per store publishes. The leader's lock is released when its session ends for any reason.

The leader locks, reads and marks on one session, so a leader whose session was lost can no longer mark anything.
"""

import fcntl
import select as sockets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.persistence.errors import StoreUnavailable, translated
from chassis.persistence.store import WAKE_CHANNEL, Store

LEADER_LOCK = 0x77686973  # "whis": one key, since each service has a database of its own


class LeaderElection(Protocol):
    """A session that may become the store's leader."""

    def lead(self) -> bool:
        """Try to become the leader. The leader stays leader as long as the session lives."""

    def connection(self) -> AbstractContextManager[Connection]:
        """Return the leader's connection, for a few statements. Raises StoreUnavailable."""

    def wait(self, seconds: float) -> bool:
        """Wait until a commit wakes the leader or ``seconds`` have passed. Return whether it was woken."""


@contextmanager
def leader_election(store: Store) -> Iterator[LeaderElection]:
    """Open a session of its own with a store. Raises StoreUnavailable, also from within the block."""
    try:
        with _postgres(store) if store.is_postgres else _sqlite(store) as session:
            yield session
    except DBAPIError as wrong:
        raise translated(wrong) from wrong
    except PoolTimeout as wrong:
        raise StoreUnavailable("every connection is in use") from wrong


@contextmanager
def _postgres(store: Store) -> Iterator[LeaderElection]:
    with store.engine.connect() as connection:
        session = connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield _PostgresCandidate(session)
        finally:
            # the lock and the subscription live as long as the session, so it must not return to the pool
            session.invalidate()


class _PostgresCandidate:
    """A candidate that uses an advisory lock of its session, and LISTEN for the commits of every process."""

    def __init__(self, session: Connection):
        self._session = session

    def lead(self) -> bool:
        if not self._session.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}).scalar_one():
            return False
        self._session.execute(text(f"LISTEN {WAKE_CHANNEL}"))
        return True

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        yield self._session

    def wait(self, seconds: float) -> bool:
        driver: Any = self._session.connection.driver_connection
        try:
            driver.poll()
            if not driver.notifies:
                sockets.select([driver.fileno()], [], [], seconds)
                driver.poll()
        except Exception as wrong:
            raise StoreUnavailable("the leader's session was lost") from wrong
        woken = bool(driver.notifies)
        driver.notifies.clear()
        return woken


@contextmanager
def _sqlite(store: Store) -> Iterator[LeaderElection]:
    path = Path(f"{store.engine.url.database}.leader")
    try:
        lock = path.open("w")
    except OSError as wrong:  # the directory is missing or not writable
        raise StoreUnavailable(f"{path}: {wrong.strerror}") from wrong
    with lock:
        yield _SqliteCandidate(store, lock)


class _SqliteCandidate:
    """A candidate that locks a file beside the database; the kernel releases the lock when the process ends."""

    def __init__(self, store: Store, lock: Any):
        self._store, self._lock = store, lock

    def lead(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def connection(self) -> AbstractContextManager[Connection]:
        return self._store.transaction()

    def wait(self, seconds: float) -> bool:
        woken = self._store.woken.wait(seconds)
        self._store.woken.clear()
        return woken
