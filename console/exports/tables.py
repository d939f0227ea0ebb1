"""A table to be exported: its columns, and its rows page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

Cell = str | int | float | datetime | None
"""A value. A text is never read as anything else; an instant has its zone."""
Row = Sequence[Cell]


class Kind(Enum):
    """The type of a column's cells. A workbook formats them by it."""

    TEXT = "text"
    NUMBER = "number"
    RATE = "rate"
    INSTANT = "instant"


@dataclass(frozen=True)
class Column:
    """A column. ``width`` is in characters."""

    title: str
    kind: Kind = Kind.TEXT
    width: int = 16


@dataclass(frozen=True)
class Table:
    """A table. ``name`` is the file's name in the reader's language, without day and suffix; ``pages`` are lists of rows."""

    name: str
    columns: Sequence[Column]
    pages: AsyncIterator[Sequence[Row]]
