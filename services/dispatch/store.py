"""The tables of dispatch, and its queries."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    false,
    func,
    or_,
    select,
    text,
    update,
)

from chassis.persistence import Derived, Document, Instant, Mapper, chassis_tables, converter
from chassis.persistence.statements import dialect_insert
from chassis.service_definition import ServiceDefinition
from contracts.codes import AreaKind, Role
from services.dispatch import case_documents
from services.dispatch.domain import case_summary
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.directory import Area, Directory, Responder
from services.dispatch.domain.responder_departure import concerns

Row = dict[str, Any]
OPEN = (CaseState.WORKING, CaseState.EXHAUSTED, CaseState.COMPLETED)
"""The states of a case in which a responder may still be asked for something."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time, in columns that order cases, where no clock runs: such a case comes last, and one index finds the order."""
_NEVER = text("'9999-01-01 00:00:00.000000+00'")

case_documents.register()
metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("document", Document, nullable=False),
    Column("awaits", Integer),
    Column("provisional", Integer, nullable=False, server_default="0"),
    Column("calendar", Text),
    Column("due_at", Instant, nullable=False, server_default=_NEVER),
    Column("breached", Boolean, nullable=False, server_default=false()),
    Column("nobody", Boolean, nullable=False, server_default=false()),
    Column("level", Text),
    Column("urgency", Text),
    Column("category", Text),
    Column("area", Text),
    Column("estate", Text),
    Index("cases_state", "state", "due_at", "id"),
    Index("cases_awaits", "awaits"),
    Index("cases_calendar", "calendar"),
    Index("cases_due", "due_at", "id"),
    Index("cases_breached", "due_at", "id", postgresql_where=text("breached"), sqlite_where=text("breached = 1")),
    Index("cases_nobody", "due_at", "id", postgresql_where=text("nobody"), sqlite_where=text("nobody = 1")),
    Index("cases_level", "level", "due_at", "id"),
    Index("cases_urgency", "urgency", "due_at", "id"),
    Index("cases_category", "category", "due_at", "id"),
    Index("cases_area", "area", "due_at", "id"),
    Index("cases_estate", "estate", "due_at", "id"),
)
"""``provisional`` of a case's due times wait for a calendar that knows more, ``awaits`` is the first year of these.
``calendar`` is the version by which the due times of its running clocks were computed; empty where it must be looked at, null
where no clock runs. The columns from ``due_at`` on are for lists: see `case_lists`.
"""

case_units = Table(
    "case_units",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Index("case_units_case", "case_id"),
    Index("case_units_unit", "unit", "due_at", "id"),
    Index("case_units_due", "due_at", "id"),
)
"""The open assignments of all cases; ``due_at`` is the next due time of the clocks that concern the assignment."""

case_asks = Table(
    "case_asks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Index("case_asks_due", "due_at", "id"),
)
"""The decisions that cases ask of their supervisors. The directory says at any time who these are."""

areas = Table(
    "areas",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
)

responders = Table(
    "responders",
    metadata,
    Column("code", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("areas", Document, nullable=False),
    Column("categories", Document, nullable=False),
    Column("volunteer", Boolean, nullable=False, server_default=false()),
)

categories = Table(
    "categories",
    metadata,
    Column("code", Text, primary_key=True),
    Column("urgency", Text, nullable=False),
    Column("dispute", Boolean, nullable=False),
)

directory_version = Table(
    "directory_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)
"""One row, whose number grows with each change of areas, categories or responders."""

adopted_calendar = Table(
    "adopted_calendar",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("unknown_from", Integer, nullable=False),
)
"""One row: the calendar by which all due times are computed, and the first year that it does not know."""


def _columns(case: Case) -> dict[str, Any]:
    due = case_summary.next_due(case)
    return {
        "state": case.state.value,
        "awaits": case.awaits,
        "provisional": len(case.provisional),
        "calendar": case.calendar,
        "due_at": due.at or NEVER,
        "breached": due.breached,
        "nobody": case_summary.nobody(case),
        "level": case_summary.level(case),
        "urgency": case.urgency.value,
        "category": case.category,
        "area": case.area,
        "estate": case.estate,
    }


def _units(case: Case) -> dict[str, Mapping[str, Any]]:
    """Return the rows of the open assignments, by the assignment's id."""
    return {
        one.id: {"case_id": case.id, "unit": one.to, "due_at": case_summary.next_due_of(case, one).at or NEVER}
        for one in case_summary.open_assignments(case)
    }


def _asks(case: Case) -> dict[str, Mapping[str, Any]]:
    """Return the rows of what is asked of supervisors, by the case's id and what is asked."""
    due = case_summary.next_due(case).at or NEVER
    return {f"{case.id}:{what}": {"case_id": case.id, "asked": what.value, "due_at": due} for what in case_summary.asked(case)}


DEFINITION = ServiceDefinition(
    "dispatch",
    chassis_tables(metadata),
    (Mapper(Case, cases, _columns, derived=(Derived(case_units, _units), Derived(case_asks, _asks))),),
    prefetch={Case: lambda event: (event.subject,)},
    timer_aggregates=(Case,),
    external_events=True,
)


def put(connection: Connection, table: Table, rows: Iterable[Row]) -> list[str]:
    """Insert or change directory rows, one for each code. Return the codes of the rows that say anything new."""
    there: dict[str, Row] = {row["code"]: dict(row) for row in connection.execute(select(table)).mappings()}
    new = [row for row in rows if there.get(row["code"]) != row]
    if new:
        _upsert(connection, table, new)
    return [row["code"] for row in new]


def _upsert(connection: Connection, table: Table, rows: list[Row]) -> None:
    statement = dialect_insert(connection)(table)
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name != "code"}
    connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed), rows)
    _changed(connection)


def _changed(connection: Connection) -> None:
    version = dialect_insert(connection)(directory_version).values(id=1, number=1)
    connection.execute(version.on_conflict_do_update(index_elements=["id"], set_={"number": directory_version.c.number + 1}))


def remove(connection: Connection, responder: str) -> Role | None:
    """Remove a responder and return its role; None where nobody of that code is registered."""
    gone = delete(responders).where(responders.c.code == responder).returning(responders.c.role)
    role = connection.execute(gone).scalar_one_or_none()
    if role is not None:
        _changed(connection)
    return Role(role) if role is not None else None


def counting_on(connection: Connection, unit: str) -> Iterator[Case]:
    """Yield the cases in which something is still asked of a unit, not locked. Reads every case that is not over."""
    query = select(cases.c.document).where(cases.c.state.in_([state.value for state in OPEN]))
    for document in connection.execute(query.execution_options(yield_per=500)).scalars():
        case = converter.structure(document, Case)
        if concerns(case, unit):
            yield case


def version(connection: Connection) -> int:
    """Return the directory's version; 0 where nothing was ever registered."""
    return connection.execute(select(directory_version.c.number)).scalar_one_or_none() or 0


def directory(connection: Connection) -> Directory:
    """Return the whole directory. It is small: areas and responders of one tenant."""
    known = {row.code: Area(row.code, AreaKind(row.kind), row.parent) for row in connection.execute(select(areas))}
    people = tuple(
        Responder(row.code, Role(row.role), tuple(row.areas), tuple(row.categories))
        for row in connection.execute(select(responders))
    )
    return Directory(known, people)


def listed_categories(connection: Connection) -> list[Row]:
    """Return the categories, in the order of code."""
    return [dict(row) for row in connection.execute(select(categories).order_by(categories.c.code)).mappings()]


def case(connection: Connection, id_: str) -> Case | None:
    """Return a case as it stands, not locked; None where there is none."""
    document = connection.execute(select(cases.c.document).where(cases.c.id == id_)).scalar_one_or_none()
    return converter.structure(document, Case) if document else None


def awaited(connection: Connection) -> dict[int, int]:
    """Return the number of due times that wait for the calendar, by the first unknown year of their case."""
    query = select(cases.c.awaits, func.sum(cases.c.provisional)).where(cases.c.awaits.is_not(None)).group_by(cases.c.awaits)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def set_calendar(connection: Connection, id_: str, version: str | None) -> None:
    """Record by which calendar a case's due times were computed, also where its document does not change."""
    connection.execute(update(cases).where(cases.c.id == id_).values(calendar=version))


def outdated(connection: Connection, calendar: str, without: Iterable[str]) -> str | None:
    """Lock and return one case with a running clock of another calendar; None where all others are locked or up to date."""
    other = or_(cases.c.calendar < calendar, cases.c.calendar > calendar)
    query = select(cases.c.id).where(other, cases.c.id.not_in(sorted(without)))
    found: str | None = connection.execute(query.limit(1).with_for_update(skip_locked=True)).scalar_one_or_none()
    return found
