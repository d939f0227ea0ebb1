"""The rows that a run wrote: PostgreSQL's own counts, and the rows' times."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import psycopg2

from bench.row_allocation import Counts
from tests.kit.processes import ServerError

_COUNTS = "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables"
_LAST = """
    SELECT extract(epoch FROM greatest(
        (SELECT max(received_at) FROM inbox),
        (SELECT max(published_at) FROM outbox WHERE type NOT LIKE '%announced%')))
"""
_LAST_TAKEN = "SELECT extract(epoch FROM max(received_at)) FROM inbox WHERE state = 'applied'"
_BUSY = "SELECT (SELECT count(*) FROM outbox WHERE state = 'pending'), (SELECT count(*) FROM inbox WHERE state = 'waiting')"


@contextlib.contextmanager
def connected(url: str) -> Iterator[Any]:
    """Yield a cursor on a connection of its own; each statement is committed."""
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def ask(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query; changes are committed."""
    with connected(url) as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def counts(url: str, seconds: float = 20) -> dict[str, Counts]:
    """Return the rows written since the database was made, by table.

    An idle session tells its counts only after ten seconds: this waits until they agree with the rows that are there, and stand
    still. Raises ServerError where they do not.
    """
    end, before = time.monotonic() + seconds, dict[str, Counts]()
    while time.monotonic() < end:
        now = {table: Counts(*numbers) for table, *numbers in ask(url, _COUNTS)}
        if now == before and all(now[table].inserted >= ask(url, f"SELECT count(*) FROM {table}")[0][0] for table in now):
            return now
        before = now
        time.sleep(1)
    raise ServerError("PostgreSQL's counts do not come to rest")


def last_instant(url: str) -> float:
    """Return when the last event was taken or confirmed by the broker: seconds of the machine's clock."""
    return float(ask(url, _LAST)[0][0] or 0)


def busy(url: str) -> bool:
    """Return whether an event is still to be published or retried."""
    return any(ask(url, _BUSY)[0])


def last_taken(url: str) -> float:
    """Return when the last event took effect: an index look-up, cheap enough to repeat."""
    return float(ask(url, _LAST_TAKEN)[0][0] or 0)


def taken(url: str) -> int:
    """Return the number of events that took effect."""
    return int(ask(url, "SELECT count(*) FROM inbox WHERE state = 'applied'")[0][0])
