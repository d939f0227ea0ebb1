"""How a database would find the rows that statements ask for, were its tables large."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from chassis.persistence import Store

_WHOLE = "SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NULL"
"""Indexes that have an entry for every row."""
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")
"""A line of SQLite's plan: it reads a table or an index from end to end. The table is named by its alias."""


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
        if self._store.engine.dialect.name == "sqlite":
            return self._from_end_to_end_in_sqlite()
        found = set()
        with self._store.transaction() as connection:
            for way in ("seqscan", "mergejoin", "hashjoin"):
                connection.execute(text(f"SET LOCAL enable_{way} = off"))
            whole = frozenset(connection.execute(text(_WHOLE)).scalars())
            for statement, parameters in self.sent:
                plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
                found |= {(table, " ".join(statement.split())) for table in _read_whole(plan[0]["Plan"], whole)}
        return found

    def _from_end_to_end_in_sqlite(self) -> set[tuple[str, str]]:
        """SQLite chooses by the indexes that there are, whatever the sizes of the tables."""
        found = set()
        with self._store.transaction() as connection:
            tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
            partial_ = "SELECT i.name FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.partial"
            partials = set(connection.execute(text(partial_)).scalars())
            for statement, parameters in self.sent:
                one = " ".join(statement.split())
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                for alias, index in (scan.groups() for line in plan if (scan := _SCAN.match(line.detail))):
                    named = re.search(rf"(\w+) AS {alias}\b", one)
                    table = named[1] if named else alias
                    ordered = "ORDER BY" in one and "LIMIT" in one and not any("TEMP B-TREE" in line.detail for line in plan)
                    if table in tables and index not in partials and not ordered:
                        found.add((table, one))
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
