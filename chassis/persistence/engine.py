"""Engines for the two kinds of database: PostgreSQL, and SQLite if all services run in one process."""

import time
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from chassis.persistence import wal
from chassis.persistence.errors import FILE, StoreDamaged, translated
from chassis.persistence.timeouts import CONNECT_SECONDS, Timeouts

SQLITE_BUSY_SECONDS = 2.0
"""The longest wait for the write lock of another process, such as an operator's command."""
BUSY_PAUSE = 0.01
SYNCHRONOUS = "synchronous"
LEVELS = ("FULL", "NORMAL")
"""Values of ``synchronous`` in a SQLite URL, as in ``sqlite:///a.db?synchronous=NORMAL``. With FULL, the default, every commit
survives a loss of power; with NORMAL every commit survives a kill of the process, and a loss of power undoes the newest."""


def driver_url(url: str) -> URL:
    """Return the URL with the project's driver: psycopg2 yields under eventlet unchanged, psycopg 3 blocks the whole hub."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg2") if parsed.drivername == "postgresql" else parsed


def new_engine(url: str, pool_size: int = 10, timeouts: Timeouts | None = None) -> Engine:
    """Return an engine whose committed transactions are durable. Without ``timeouts`` it waits without limit.

    Raises StoreDamaged for a SQLite file whose log lost transactions; see `chassis.persistence.wal`.
    """
    parsed = driver_url(url)
    return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed, pool_size, timeouts)


def _postgres(url: URL, pool_size: int, timeouts: Timeouts | None) -> Engine:
    limits = {"options": timeouts.options(), "connection_factory": timeouts.connection_class()} if timeouts else {}
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_SECONDS,  # a longer wait for a connection is reported as an unavailable store
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            # a lost machine is noticed in seconds, not after the kernel's two hours
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 15000,
            "application_name": "whistle",
            **limits,
        },
    )


def read_only(connection: Connection) -> Connection:
    """Return a connection whose next transaction reads one snapshot, however long it takes, and cannot write on PostgreSQL.

    It waits for no writer and blocks none.
    """
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection.execution_options(sqlite_begin="BEGIN")


def _sqlite(url: URL) -> Engine:
    level = str(url.query.get(SYNCHRONOUS, LEVELS[0])).upper()
    if level not in LEVELS:
        raise ValueError(f"{SYNCHRONOUS}={level}: want one of {', '.join(LEVELS)}")
    url = url.difference_update_query([SYNCHRONOUS])
    path = Path(url.database) if url.database and url.database != ":memory:" else None
    if path is not None:
        wal.verify_once(path)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "handle_error", partial(_name_file, url.database))
    event.listen(engine, "connect", partial(_prepare, level))
    event.listen(engine, "begin", _begin)
    return engine


def _name_file(file: str | None, context: Any) -> None:
    """Attach the file's name to a SQLite error, which does not contain it."""
    if file:
        setattr(context.original_exception, FILE, file)


def _prepare(level: str, connection: Any, _record: Any) -> None:
    # the driver must not begin transactions by itself: it would begin too late, and not for every statement
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", f"synchronous={level}", "foreign_keys=ON", "busy_timeout=0"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first could not get it any more.

    Another process may hold it. Waiting for it inside the driver would stop every green thread of this process.
    """
    statement = connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
    if statement is None:  # a single read-only statement is its own transaction
        return
    end = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.exec_driver_sql(statement)
            return
        except OperationalError as wrong:
            if not _is_busy(wrong) or time.monotonic() > end:
                raise
        time.sleep(BUSY_PAUSE)


def check_file(url: str) -> None:
    """Have SQLite check a whole SQLite database for damage; ignore any other. Raises StoreDamaged, StoreUnavailable."""
    if driver_url(url).get_backend_name() != "sqlite":
        return
    engine = new_engine(url)
    try:
        with read_only(engine.connect()) as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    except DBAPIError as wrong:
        raise translated(wrong) from wrong
    finally:
        engine.dispose()
    if found != "ok":
        raise StoreDamaged(f"{engine.url.database}: {' '.join(str(found).split())}; restore it from a backup")


def _is_busy(wrong: OperationalError) -> bool:
    return str(getattr(wrong.orig, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
