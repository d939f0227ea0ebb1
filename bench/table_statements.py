"""The floor's statements for a table, made from the database's columns and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_COLUMNS = """
    SELECT column_name, column_default LIKE 'nextval%%' FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""
_KEYS = """
    SELECT indisprimary, array_agg(attname::text)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = %s::regclass AND indisunique GROUP BY indexrelid, indisprimary
"""


@dataclass(frozen=True)
class Shape:
    """A table's columns without the one that the database counts up (``serial``, empty where there is none)."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    serial: str
    repeatable: bool
    """True if the same row may exist twice."""

    @property
    def insert(self) -> str:
        """Return the statement for `execute_values`."""
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES %s"

    @property
    def delete(self) -> str:
        """Return the statement that deletes by the counted column."""
        return f"DELETE FROM {self.table} WHERE {self.serial} = %s"

    @property
    def update(self) -> str:
        """Return the statement that updates the whole row by its key; for the outbox, the one that marks it published."""
        if self.table == "outbox":
            return f"UPDATE outbox SET state = 'published', published_at = now() WHERE {self.serial} = %s"
        where = " AND ".join(f"{name} = %s" for name in self.key)
        return f"UPDATE {self.table} SET {', '.join(f'{name} = %s' for name in self.changed)} WHERE {where}"

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the columns that an update writes."""
        return tuple(name for name in self.columns if name not in self.key)

    def change(self, row: dict[str, Any], number: int) -> list[Any]:
        """Return the values for `update`; ``number`` is the counted one."""
        if self.table == "outbox":
            return [number]
        return [row[name] for name in self.changed] + [number if name == self.serial else row[name] for name in self.key]


def shape_of(cursor: Any, table: str) -> Shape:
    """Return the shape of a table."""
    cursor.execute(_COLUMNS, [table])
    columns = cursor.fetchall()
    serial = next((name for name, counted in columns if counted), "")
    cursor.execute(_KEYS, [table])
    keys = cursor.fetchall()
    primary = next((tuple(names) for is_primary, names in keys if is_primary), ())
    only_counted = all(serial in names for _, names in keys) and bool(serial)
    named = tuple(name for name, _ in columns if name != serial)
    return Shape(table, named, primary, serial, only_counted)
