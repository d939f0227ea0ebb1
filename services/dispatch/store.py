"""The tables of dispatch, and its queries."""

from collections.abc import Iterable, Iterator
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
    update,
)

from chassis.persistence import Document, Mapper, chassis_tables, converter
from chassis.persistence.statements import dialect_insert
from chassis.service_definition import ServiceDefinition
from contracts.codes import AreaKind, Role
from services.dispatch import case_documents
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.directory import Area, Directory, Responder
from services.dispatch.domain.responder_departure import concerns

Row = dict[str, Any]
OPEN = (CaseState.WORKING, CaseState.EXHAUSTED, CaseState.COMPLETED)
"""The states of a case in which a responder may still be asked for something."""

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
    Index("cases_state", "state"),
    Index("cases_awaits", "awaits"),
    Index("cases_calendar", "calendar"),
)
"""``provisional`` of a case's due times wait for a calendar that knows more, ``awaits`` is the first year of these.
``calendar`` is the version by which the due times of its running clocks were computed; empty where it must be looked at, null
where no clock runs.
"""

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

DEFINITION = ServiceDefinition(
    "dispatch",
    chassis_tables(metadata),
    (
        Mapper(
            Case,
            cases,
            lambda case: {
                "state": case.state.value,
                "awaits": case.awaits,
                "provisional": len(case.provisional),
                "calendar": case.calendar,
            },
        ),
    ),
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
