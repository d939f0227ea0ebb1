"""What a run wrote: PostgreSQL's own counts of rows, and the times that the rows bear."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import psycopg2

from bench.sharing import Counts
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
    """A cursor on a connection of its own; each statement is committed."""
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def ask(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query; changes are committed."""
    with connected(url) as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def counts(url: str, seconds: float = 20) -> dict[str, Counts]:
    """Rows written since the database was made, by table.

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
    """When the last event was taken in, or the last one confirmed by the broker: seconds of the machine's clock."""
    return float(ask(url, _LAST)[0][0] or 0)


def busy(url: str) -> bool:
    """Whether something is still to be published or tried again."""
    return any(ask(url, _BUSY)[0])


def last_taken(url: str) -> float:
    """When the last event was taken in that had its effect: a look at an index, that a meter may ask for all the time."""
    return float(ask(url, _LAST_TAKEN)[0][0] or 0)


def taken(url: str) -> int:
    """Events that were taken in and had their effect."""
    return int(ask(url, "SELECT count(*) FROM inbox WHERE state = 'applied'")[0][0])
