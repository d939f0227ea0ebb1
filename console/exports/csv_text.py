"""CSV by RFC 4180, as spreadsheet programs open it: UTF-8 with a byte order mark, and no text that one of them would run."""

import csv
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, tzinfo
from io import StringIO

from console.exports.tables import Cell, Row, Table

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the encoding of the machine, and shows no Chinese."""
_RUN = re.compile("[\t\r\n\0]|[\\s\ufeff\u200b]*[=+\\-@＝＋－＠]")
"""The beginning of a text that a spreadsheet program takes for a formula, with the full-width signs of Chinese and Japanese
ones; blanks before it are left out by some programs."""


def neutralised(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet program would run it (CWE-1236)."""
    return f"'{text}" if _RUN.match(text) else text


def csv_cell(cell: Cell, zone: tzinfo) -> str:
    """Return the text of a cell: an instant by ISO 8601 in the zone, a number as Python writes it, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat(timespec="seconds")
    return neutralised(cell) if isinstance(cell, str) else repr(cell)


def csv_lines(rows: Iterable[Row], zone: tzinfo) -> str:
    """Return the lines of some rows."""
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([csv_cell(cell, zone) for cell in row] for row in rows)
    return text.getvalue()


async def csv_bytes(table: Table, zone: tzinfo) -> AsyncIterator[bytes]:
    """Yield the file: the header, then each page of rows as it comes."""
    header: Sequence[Row] = [[column.title for column in table.columns]]
    yield (BYTE_ORDER_MARK + csv_lines(header, zone)).encode()
    async for rows in table.pages:
        yield csv_lines(rows, zone).encode("utf-8", "replace")
