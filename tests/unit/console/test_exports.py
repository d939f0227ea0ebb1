"""Exports: a CSV reader and a workbook reader get back what was written, and no spreadsheet program runs any of it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from console.exports.csv_text import csv_bytes, csv_cell, neutralised
from console.exports.tables import Cell, Column, Kind, Row, Table
from console.exports.workbook import Sheets, chunks, workbook

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 3, 1, 12, 30, tzinfo=UTC)
COLUMNS = [Column("编号"), Column("时间", Kind.INSTANT), Column("数", Kind.NUMBER), Column("率", Kind.RATE)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("噪声扰民", "噪声扰民"),
        ("", ""),
        ("3号楼", "3号楼"),
        ("a=b", "a=b"),
        ("E0-E1", "E0-E1"),
        ("=1+1", "'=1+1"),
        ("+8613800000000", "'+8613800000000"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\tText", "'\tText"),
        ("\rText", "'\rText"),
        ("\nText", "'\nText"),
        ("\0=1", "'\0=1"),
        ("  =1+1", "'  =1+1"),
        ("　＝1+1", "'　＝1+1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("\ufeff=1", "'\ufeff=1"),
        ("'=1", "'=1"),
        ('=HYPERLINK("http://evil.example","click")', '\'=HYPERLINK("http://evil.example","click")'),
    ],
)
def test_a_text_that_would_run_gets_an_apostrophe(text: str, written: str) -> None:
    assert neutralised(text) == written


@pytest.mark.parametrize(
    ("cell", "written"),
    [(None, ""), (0, "0"), (-3, "-3"), (0.125, "0.125"), (-1.5, "-1.5"), (AT, "2026-03-03T09:12:30+08:00"), ("-3", "'-3")],
)
def test_a_number_stays_a_number_and_an_instant_is_iso_in_the_zone(cell: Cell, written: str) -> None:
    assert csv_cell(cell, ZONE) == written


def table(pages: Sequence[Sequence[Row]], columns: Sequence[Column] = COLUMNS) -> Table:
    async def paged() -> AsyncIterator[Sequence[Row]]:
        for rows in pages:
            yield rows

    return Table("工单队列", columns, paged())


def written_csv(pages: Sequence[Sequence[Row]]) -> bytes:
    async def all_of_it() -> bytes:
        return b"".join([part async for part in csv_bytes(table(pages), ZONE)])

    return asyncio.run(all_of_it())


CELLS = st.one_of(
    st.none(),
    st.text(),
    st.text("=+-@\t\r\n\",;'＝ a"),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(datetime(1990, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC)),
)


@given(st.lists(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=4), max_size=3))
def test_a_csv_reader_gives_back_every_value(pages: list[list[list[Cell]]]) -> None:
    data = written_csv(pages)
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert lines[0] == ["编号", "时间", "数", "率"]
    rows = [row for page in pages for row in page]
    assert lines[1:] == [[csv_cell(cell, ZONE) for cell in row] for row in rows]
    for read, row in zip(lines[1:], rows, strict=True):
        for text, cell in zip(read, row, strict=True):
            if isinstance(cell, str):
                assert text.removeprefix("'") == cell or text == cell
                assert text.strip()[:1] not in tuple("=+-@＝＋－＠")
            elif isinstance(cell, datetime):
                assert datetime.fromisoformat(text) == cell.replace(microsecond=0)
            elif cell is not None:
                assert float(text) == cell


def test_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    assert written_csv([[['说"好"', None, 1, 0.5], ["a\nb,c", AT, 2, None]]]).decode("utf-8-sig").splitlines(True) == [
        "编号,时间,数,率\r\n",
        '"说""好""",,1,0.5\r\n',
        '"a\n',
        'b,c",2026-03-03T09:12:30+08:00,2,\r\n',
    ]


def written_workbook(pages: Sequence[Sequence[Row]], columns: Sequence[Column] = COLUMNS) -> io.BytesIO:
    async def all_of_it() -> bytes:
        return b"".join([part async for part in chunks(await workbook(table(pages, columns), ZONE))])

    return io.BytesIO(asyncio.run(all_of_it()))


def test_a_workbook_has_typed_cells_and_texts_that_are_no_formulas() -> None:
    rows: list[Row] = [
        ["=1+1", AT, 7, 0.941],
        ["http://a.example", None, -1, None],
        ["0029", AT, 0, 1.0],
        ["{=A1}", None, 2, 0],
    ]
    sheet = load_workbook(written_workbook([rows[:2], rows[2:]])).active
    assert sheet.title == "工单队列"
    assert [cell.value for cell in sheet[1]] == ["编号", "时间", "数", "率"]
    for line, row in zip(sheet.iter_rows(min_row=2), rows, strict=True):
        assert line[0].data_type in {"s", "inlineStr"}
        assert line[0].value == row[0]
        assert line[0].hyperlink is None
        assert line[1].value == (datetime(2026, 3, 3, 9, 12, 30) if row[1] else None)
        assert line[1].number_format == "yyyy-mm-dd hh:mm" or line[1].value is None
        assert (line[2].value, line[3].value) == (row[2], row[3])
    assert sheet["D2"].number_format == "0.0%"


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=5))
def test_a_workbook_reader_gives_back_every_text(texts: list[str]) -> None:
    sheet = load_workbook(written_workbook([[[text] for text in texts]], [Column("a")])).active
    read = [sheet.cell(number, 1).value or "" for number in range(2, len(texts) + 2)]
    assert [text.replace("\r", "\n") for text in read] == texts


def test_rows_that_do_not_fit_go_on_in_the_next_sheet(tmp_path: Path) -> None:
    file = io.BytesIO()
    sheets = Sheets(file, str(tmp_path), table([]), ZONE, most=4)
    sheets.write([[str(number)] for number in range(7)])
    sheets.close()
    book = load_workbook(file)
    assert book.sheetnames == ["工单队列", "工单队列 (2)", "工单队列 (3)"]
    assert [[row[0].value for row in sheet] for sheet in book] == [
        ["编号", "0", "1", "2"],
        ["编号", "3", "4", "5"],
        ["编号", "6"],
    ]


def test_nothing_is_left_of_a_workbook_that_could_not_be_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def failing() -> AsyncIterator[Sequence[Row]]:
        yield [["a", None, 1, None]]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(workbook(Table("a", COLUMNS, failing()), ZONE))
    assert list(tmp_path.iterdir()) == []
