"""A service's database: one engine, its transactions, and what its errors mean."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.store.mapper import Mapper
from chassis.store.tables import ChassisTables

log = logging.getLogger(__name__)

_CONFLICTS = {"40001", "40P01"}
"""SQLSTATE of a serialization failure and of a deadlock: the transaction is simply run again."""
_OUTAGES = {"25006", "53100", "53200", "53300", "57P01", "57P02", "57P03"}
"""Read only, disk full, out of memory, too many connections, shutting down, crashed, starting up: no event is to blame."""
WAKE_CHANNEL = "outbox"


class StoreUnavailable(Exception):
    """The store cannot be reached or cannot write. An outage, never an event's failed attempt."""


class StoreConflict(Exception):
    """Two transactions were in each other's way and this one gave in. Run it again."""


class Store:
    """One service's database.

    ``mappers`` says how the service's aggregates are kept. Raises StoreUnavailable and StoreConflict in place of the
    driver's errors that mean so; every other error passes unchanged.
    """

    def __init__(self, url: str, tables: ChassisTables, mappers: tuple[Mapper[Any], ...] = (), pool_size: int = 10):
        self.url = url
        self.tables = tables
        self.mappers = {mapper.cls: mapper for mapper in mappers}
        self.engine = _engine(url, pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as wrong:
            raise translated(wrong) from wrong
        except PoolTimeout as wrong:
            raise StoreUnavailable("every connection is in use") from wrong

    def probe(self) -> None:
        """Ask the database for a sign of life that includes being able to write. Raises StoreUnavailable."""
        with self.transaction() as connection:
            connection.execute(text("SELECT 1"))

    def wake_relay(self, connection: Connection) -> None:
        """Within a transaction: when it commits, the relay wakes, in whichever process it lives."""
        if self.engine.dialect.name == "postgresql":
            connection.execute(text(f"NOTIFY {WAKE_CHANNEL}"))

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def translated(wrong: DBAPIError) -> Exception:
    """The chassis' name for a driver's error, or the error itself."""
    state = getattr(wrong.orig, "pgcode", None)
    if state in _CONFLICTS:
        return StoreConflict(str(wrong.orig).splitlines()[0])
    lost = wrong.connection_invalidated or isinstance(wrong, InterfaceError)
    if lost or state in _OUTAGES or (isinstance(wrong, OperationalError) and state is None):
        return StoreUnavailable(str(wrong.orig).strip().splitlines()[0] if str(wrong.orig).strip() else "connection lost")
    return wrong


def machine_now() -> datetime:
    """The machine's time, for retries, leases and retention; never for the business."""
    return datetime.now(UTC)


def driver_url(url: str) -> URL:
    """The URL with our driver: psycopg2 gives way under eventlet as it is, psycopg 3 blocks the whole hub."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg2") if parsed.drivername == "postgresql" else parsed


def _engine(url: str, pool_size: int) -> Engine:
    return create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={
            "connect_timeout": 5,
            # a database that froze is noticed in seconds, not after the kernel's two hours
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 15000,
            "application_name": "whistle",
        },
    )
