"""XLSX workbooks, written row by row to a temporary file: typed dates and numbers, and texts that are never formulas."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, tzinfo
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from console.exports.tables import Kind, Row, Table

MAX_ROWS = 1_048_576
"""The rows of a worksheet. What does not fit goes on in the next one."""
CHUNK = 65_536
_SLOTS = asyncio.Semaphore(2)
"""Two workbooks are made at a time: each takes disk space, and a processor while it is compressed."""
_OPTIONS = {
    "constant_memory": True,  # a row is on disk as soon as the next one begins
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_FORMATS = {Kind.INSTANT: "yyyy-mm-dd hh:mm", Kind.RATE: "0.0%"}
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")


class Sheets:
    """The worksheets of a workbook that is written from top to bottom."""

    def __init__(self, file: IO[bytes], directory: str, table: Table, zone: tzinfo, most: int = MAX_ROWS):
        self._book = Workbook(file, {**_OPTIONS, "tmpdir": directory})
        self._name, self._columns, self._zone, self._most = table.name, table.columns, zone, most
        self._formats = [self._book.add_format({"num_format": _FORMATS.get(one.kind, "General")}) for one in table.columns]
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._count, self._row = 0, 0
        self._sheet = self._next_sheet()

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows below the others."""
        for row in rows:
            if self._row == self._most:
                self._sheet = self._next_sheet()
            for number, cell in enumerate(row):
                self._write_cell(number, cell)
            self._row += 1

    def close(self) -> None:
        """Put the file together."""
        self._book.close()

    def _next_sheet(self) -> Worksheet:
        self._count += 1
        name = _NO_SHEET_NAME.sub(" ", self._name)[:25].strip()
        sheet = self._book.add_worksheet(name if self._count == 1 else f"{name} ({self._count})")
        for number, column in enumerate(self._columns):
            sheet.set_column(number, number, column.width)
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            sheet.write_string(0, number, column.title, self._bold)
        self._row = 1
        return sheet

    def _write_cell(self, number: int, cell: Any) -> None:
        shown = self._formats[number]
        if isinstance(cell, datetime):  # a workbook knows no zones: its times are the deployment's
            self._sheet.write_datetime(
                self._row, number, cell.astimezone(self._zone).replace(microsecond=0, tzinfo=None), shown
            )
        elif isinstance(cell, str):
            self._sheet.write_string(self._row, number, cell)
        elif cell is not None:
            self._sheet.write_number(self._row, number, cell, shown)


async def workbook(table: Table, zone: tzinfo) -> IO[bytes]:
    """Return the workbook as an open file without a name, at its beginning: closing it removes it."""
    async with _SLOTS:
        file = TemporaryFile()  # noqa: SIM115
        try:
            with TemporaryDirectory(prefix="whistle-") as directory:
                sheets = Sheets(file, directory, table, zone)
                async for rows in table.pages:
                    await asyncio.to_thread(sheets.write, rows)
                await asyncio.to_thread(sheets.close)
            file.seek(0)
        except BaseException:
            file.close()
            raise
    return file


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield a file's content, and close it."""
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
