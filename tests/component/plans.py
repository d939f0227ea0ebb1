"""How PostgreSQL would find the rows that statements ask for, were its tables large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from chassis.persistence import Store

_WHOLE = "SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NULL"
"""Indexes that have an entry for every row."""


class Reads:
    """What was sent to a store, and which tables it reads from end to end."""

    def __init__(self, store: Store):
        self._store = store
        self.sent: list[tuple[str, Any]] = []

    def from_end_to_end(self) -> set[tuple[str, str]]:
        """Table and statement, where no index leads to the rows that are wanted.

        A limit reads the first rows of an order, and ends. A test's tables are small, and are read fastest from end to end, be
        it to merge or to hash them: the planner is told not to, where it has a choice. What it knows of their sizes still
        counts: the store is to be new, so that no other test's rows are in its statistics.
        """
        found = set()
        with self._store.transaction() as connection:
            for way in ("seqscan", "mergejoin", "hashjoin"):
                connection.execute(text(f"SET LOCAL enable_{way} = off"))
            whole = frozenset(connection.execute(text(_WHOLE)).scalars())
            for statement, parameters in self.sent:
                plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
                found |= {(table, " ".join(statement.split())) for table in _read_whole(plan[0]["Plan"], whole)}
        return found


@contextmanager
def reads(store: Store) -> Iterator[Reads]:
    """What is sent within the block."""
    seen = Reads(store)

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            seen.sent.append((statement, parameters[0] if executemany and isinstance(parameters, list) else parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def _read_whole(node: Mapping[str, Any], whole: frozenset[str], table: str = "") -> Iterator[str]:
    if node["Node Type"] == "Limit":
        return
    table = node.get("Relation Name", table)  # of a bitmap's index only the node above names the table
    if node["Node Type"] == "Seq Scan" or ("Index Cond" not in node and node.get("Index Name") in whole):
        yield table
    for part in node.get("Plans", ()):
        yield from _read_whole(part, whole, table)
