"""The lists of dispatch: cases, and the work of some units, each in the order of due time and page by page."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, Text, literal, select, tuple_

from chassis.persistence import Instant, converter
from contracts.codes import Asked
from services.dispatch.domain import case_summary
from services.dispatch.domain.case import Case
from services.dispatch.domain.entities import Assignment
from services.dispatch.keyset import Position
from services.dispatch.store import OPEN, areas, case_asks, case_units, cases

EVERY_UNIT = "*"
"""In the units of an account: it speaks for all."""
BATCH = 200
"""The questions to supervisors that are read at a time: whom they are asked of is known only when they are read."""
SAME = ("state", "level", "urgency", "category", "estate", "breached", "nobody")
"""The parameters of a search that are compared with the column of their name."""


@dataclass(frozen=True)
class Work:
    """A piece of work of one unit: an open assignment, or a decision that is asked of a supervisor."""

    position: Position
    case: Case
    unit: str
    assignment: Assignment | None = None
    asked: Asked | None = None


def find_cases(
    connection: Connection, search: Mapping[str, Any], after: Position | None, most: int
) -> list[tuple[Position, Case]]:
    """Return at most so many cases, the earliest due first and cases without a due time last.

    The page is found by the indexes, which hold the due times and ids, before any document is read.
    """
    query = _page(select(cases.c.due_at, cases.c.id), cases, after, most).where(*_conditions(connection, search))
    page = [Position(*row) for row in connection.execute(query)]
    documents = select(cases.c.id, cases.c.document).where(cases.c.id.in_([one.id for one in page]))
    found = {row.id: row.document for row in connection.execute(documents)} if page else {}
    return [(one, converter.structure(found[one.id], Case)) for one in page]


def open_work(connection: Connection, units: Collection[str], after: Position | None, most: int) -> list[Work]:
    """Return at most so many open assignments of these units, the earliest due first."""
    query = select(case_units.c.id, case_units.c.due_at, cases.c.document)
    if EVERY_UNIT not in units:
        query = query.where(case_units.c.unit.in_(sorted(units)))
    return list(islice(_assigned(_rows(connection, query, case_units, after, most)), most))


def asked_work(connection: Connection, asked_of: Callable[[Case], str | None], after: Position | None, most: int) -> list[Work]:
    """Return at most so many decisions that are asked of a unit, the earliest due first.

    ``asked_of`` returns the unit of which a case asks them, None for none of those that are wanted.
    """
    query = select(case_asks.c.id, case_asks.c.due_at, case_asks.c.asked, cases.c.document)
    return list(islice(_asked(_rows(connection, query, case_asks, after, BATCH), asked_of), most))


def _assigned(rows: Iterable[Row[Any]]) -> Iterator[Work]:
    """Yield the open assignments. An older version of this service may have left the row of one that is not open any more."""
    for row in rows:
        case = converter.structure(row.document, Case)
        for one in case_summary.open_assignments(case):
            if one.id == row.id:
                yield Work(Position(row.due_at, row.id), case, one.to, one)


def _asked(rows: Iterable[Row[Any]], asked_of: Callable[[Case], str | None]) -> Iterator[Work]:
    for row in rows:
        case, asked = converter.structure(row.document, Case), Asked(row.asked)
        if asked in case_summary.asked(case) and (unit := asked_of(case)):
            yield Work(Position(row.due_at, row.id), case, unit, asked=asked)


def _rows(connection: Connection, query: Select[Any], table: Table, after: Position | None, batch: int) -> Iterator[Row[Any]]:
    """Yield the rows of a table with the document of their case, in the order of due time, some at a time."""
    joined = query.join(cases, cases.c.id == table.c.case_id)
    while True:
        rows = connection.execute(_page(joined, table, after, batch)).all()
        yield from rows
        if len(rows) < batch:
            return
        after = Position(rows[-1].due_at, rows[-1].id)


def _page(query: Select[Any], table: Table, after: Position | None, most: int) -> Select[Any]:
    query = query.order_by(table.c.due_at, table.c.id).limit(most)
    if after is None:
        return query
    return query.where(tuple_(table.c.due_at, table.c.id) > tuple_(literal(after.due_at, Instant), literal(after.id, Text)))


def _conditions(connection: Connection, search: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    for name in SAME:
        if search.get(name) is not None:
            yield cases.c[name] == search[name]
    if search.get("area") is not None:
        yield cases.c.area.in_(_within(connection, search["area"]))
    if search.get("unit") is not None:
        yield cases.c.id.in_(select(case_units.c.case_id).where(case_units.c.unit == search["unit"]))
    if search.get("open") is not None:
        is_open = cases.c.state.in_([state.value for state in OPEN])
        yield is_open if search["open"] else ~is_open
    if search.get("due_before") is not None:
        yield cases.c.due_at < search["due_before"]


def _within(connection: Connection, code: str) -> list[str]:
    """Return the codes of an area and of all areas within it. UNION, so that a circle of parents ends.

    They are read first: an index of cases is chosen by codes, and not by a query for them.
    """
    nested = select(literal(code, Text).label("code")).cte("nested", recursive=True)
    nested = nested.union(select(areas.c.code).join(nested, areas.c.parent == nested.c.code))
    return list(connection.execute(select(nested.c.code)).scalars())
