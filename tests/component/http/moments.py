"""Moments that can be held still: a table that nobody can write to, and requests that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2

from tests.kit.openapi_conformance import Reply
from tests.kit.stack import Stack


@contextmanager
def held(stack: Stack, service: str, table: str) -> Iterator[None]:
    """Within the block nothing can be written to a table."""
    connection = psycopg2.connect(stack.databases[service])
    try:
        connection.cursor().execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


def waiting(stack: Stack, service: str) -> int:
    """Statements that wait for a lock in a service's database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return int(stack.rows(service, asked)[0][0])


def at_once(asks: list[Any]) -> list[Future[Reply]]:
    """Each in a thread of its own."""
    pool = ThreadPoolExecutor(len(asks))
    begun = [pool.submit(one) for one in asks]
    pool.shutdown(wait=False)
    return begun
