"""The rows by which cases are listed follow from the cases: as they are written, and as a migration fills them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import create_engine, insert, select, text

from chassis.effects import Effects
from chassis.persistence import Store, migrate
from chassis.persistence.engine import driver_url
from chassis.unit_of_work import UnitOfWork
from contracts.codes import Asked, Command, ReturnReason, Urgency
from services.dispatch import case_lists
from services.dispatch import store as tables
from services.dispatch.domain import commands, pauses, ticket_reactions
from services.dispatch.domain.case import Case
from services.dispatch.domain.report import Report
from services.dispatch.keyset import Position
from tests.component.plans import reads
from tests.kit.servers import PostgresServer
from tests.unit.dispatch.town import BOOK, COMMUNITY, PROPERTY, SECOND, T0, VERIFIER, Told, context

STORED = Path(__file__).resolve().parents[1] / "unit/dispatch/stored"
ROWS = (tables.cases, tables.case_units, tables.case_asks)


@pytest.fixture(params=["postgres", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/rows.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"rows_{uuid4().hex[:8]}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The store of dispatch, as its migrations make it."""
    migrate.upgrade("services.dispatch", url)
    with closing(Store(url, tables.DEFINITION.tables, tables.DEFINITION.mappers)) as made:
        yield made


def rows(store: Store) -> list[list[dict[str, Any]]]:
    """What the tables of cases hold."""
    with store.reading() as connection:
        return [[dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()] for table in ROWS]


def wanted(*cases: Case) -> list[list[dict[str, Any]]]:
    """What they shall hold."""
    mapper = store_mapper()
    found: list[list[dict[str, Any]]] = [[], [], []]
    for case in sorted(cases, key=lambda one: one.id):
        found[0].append({"id": case.id, "document": mapper.document(case), **mapper.columns(case)})
        for of, derived in zip(found[1:], mapper.derived, strict=True):
            of += [{"id": id_, **row} for id_, row in derived.rows(case).items()]
    return [found[0], *(sorted(part, key=lambda row: str(row["id"])) for part in found[1:])]


def store_mapper() -> Any:
    """The mapping of cases."""
    (mapper,) = tables.DEFINITION.mappers
    return mapper


class Cases:
    """Some cases in a store, each changed in a transaction."""

    def __init__(self, store: Store):
        self.store = store
        self.at = T0

    def add(self, id_: str, **changes: Any) -> Case:
        """A case as the service opens it."""
        values: dict[str, Any] = {"category": "noise", "area": "shanqi-1", "estate": "yangguang", "urgency": Urgency.E2}
        values |= {"dispute": True, "opened_at": self.at, "playbook": BOOK}
        case = Case(id_, **values | changes)
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, "/dispatch")
            unit.add(case)
            ticket_reactions.opened(case, context(self.at))
            unit.flush()
        return case

    def change(self, id_: str, do: Callable[[Case], Effects]) -> Case:
        """A change of a case; its effects do not matter here."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, "/dispatch")
            case = unit.find(Case, id_)
            assert case is not None
            do(case)
            unit.flush()
        return case

    def report(self, id_: str, command: Command, unit: str, **more: Any) -> Case:
        """A unit reports."""
        report = Report(command, unit, f"app-of-{unit}", **more)
        return self.change(id_, lambda case: commands.execute(case, report, context(self.at)))


def test_rows_are_written_with_each_change_of_a_case(store: Store) -> None:
    cases = Cases(store)
    other = cases.add("T2", area="shanqi")
    steps: list[Callable[[], Case]] = [
        lambda: cases.add("T1"),
        lambda: cases.report("T1", Command.SIGN, PROPERTY),
        lambda: cases.report("T1", Command.EXTEND, PROPERTY, until=T0 + timedelta(days=30)),
        lambda: cases.report("T1", Command.PAUSE, COMMUNITY, until=T0 + timedelta(days=3)),
        lambda: cases.report("T1", Command.RESUME, COMMUNITY),
        lambda: cases.report("T1", Command.RULE, COMMUNITY, passed=False),
        lambda: cases.report("T1", Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_DUTY),
        lambda: cases.report("T1", Command.RETURN, SECOND, reason=ReturnReason.NOT_MY_DUTY),
        lambda: cases.report("T1", Command.RULE, COMMUNITY, to=PROPERTY),
        lambda: cases.report("T1", Command.HANDLE, PROPERTY),
        lambda: cases.change("T1", lambda case: ticket_reactions.handled(case, 1, [PROPERTY], context(T0))),
        lambda: cases.report("T1", Command.VERIFY, VERIFIER, passed=True),
        lambda: cases.change("T1", lambda case: ticket_reactions.again(case, 2, context(T0))),
        lambda: cases.change("T1", lambda case: ticket_reactions.withdrawn(case, "merged")),
    ]
    asked = []
    for number, step in enumerate(steps):
        case = step()
        assert rows(store) == wanted(case, other), number
        asked.append([row["asked"] for row in rows(store)[2]])
    assert asked[2] == [Asked.EXTENSION]
    assert asked[7] == [Asked.RULING]
    assert [row["case_id"] for row in rows(store)[1]] == ["T2"]


def test_a_transaction_that_fails_leaves_the_rows_as_they_were(store: Store) -> None:
    cases = Cases(store)
    case = cases.add("T1")
    before = rows(store)

    def fail(case: Case) -> Effects:
        ticket_reactions.withdrawn(case, "merged")
        raise LookupError

    with pytest.raises(LookupError):
        cases.change("T1", fail)
    assert rows(store) == before == wanted(case)


def stored_cases() -> list[Case]:
    """Cases of every kind: those that an earlier version stored, and some that wait for a supervisor."""
    stored = [json.loads((STORED / f"{name}.json").read_text("utf-8")) for name in ("mediation", "agreement", "joint_action")]
    found = [store_mapper().aggregate({**document, "id": f"S{number}"}) for number, document in enumerate(stored)]
    exhausted, paused, asks = Told(playbook=None), Told(), Told(without=(VERIFIER,))
    paused.note(pauses.parked(paused.case, T0 + timedelta(days=9), paused.context))
    asks.report(Command.EXTEND, PROPERTY, until=T0 + timedelta(days=30))
    asks.report(Command.HANDLE, PROPERTY)
    asks.note(ticket_reactions.handled(asks.case, 1, [PROPERTY], asks.context))
    late = Told()
    late.at(T0 + timedelta(days=20))
    over = Told()
    over.note(ticket_reactions.withdrawn(over.case, "merged"))
    for number, told in enumerate((exhausted, paused, asks, late, over)):
        told.case.id = f"T{number}"
        for one in told.case.assignments:
            one.id = f"T{number}-{one.id}"
        for running in told.case.clocks:
            running.assignment = running.assignment and f"T{number}-{running.assignment}"
        found.append(told.case)
    return found


def test_a_migration_fills_in_the_rows_of_existing_cases(url: str) -> None:
    configured, engine = migrate.config("services.dispatch", url), create_engine(driver_url(url))
    command.upgrade(configured, "0009")
    cases = stored_cases()
    for number, one in enumerate(cases):  # the ids of stored assignments are those of one case
        for assignment in one.assignments:
            assignment.id = f"{number}-{assignment.id}"
        for running in one.clocks:
            running.assignment = running.assignment and f"{number}-{running.assignment}"
    old = text("INSERT INTO cases (id, state, document, calendar) VALUES (:id, :state, :document, '')")
    with engine.begin() as connection:
        for case in cases:
            document = json.dumps(store_mapper().document(case))
            connection.execute(old, {"id": case.id, "state": case.state.value, "document": document})
    command.upgrade(configured, "head")
    with closing(Store(url, tables.DEFINITION.tables, tables.DEFINITION.mappers)) as store:
        made = rows(store)
    not_listed = {"provisional", "awaits", "calendar"}
    for here, there in zip(made, wanted(*cases), strict=True):
        assert [{k: v for k, v in row.items() if k not in not_listed} for row in here] == [
            {k: v for k, v in row.items() if k not in not_listed} for row in there
        ]
    assert {row["asked"] for row in made[2]} == {Asked.RULING, Asked.VERIFIER}
    assert {row["breached"] for row in made[0]} == {True, False}
    command.downgrade(configured, "0009")
    with engine.connect() as connection:
        assert len(connection.execute(text("SELECT document FROM cases")).all()) == len(cases)
    engine.dispose()


SEARCHES: list[dict[str, Any]] = [
    {},
    {"state": "working"},
    {"level": "property"},
    {"urgency": Urgency.E0},
    {"category": "noise"},
    {"area": "shanqi"},
    {"estate": "yangguang"},
    {"unit": PROPERTY},
    {"due_before": T0},
    {"breached": True},
    {"nobody": True},
    {"open": True, "urgency": Urgency.E0},
]


@pytest.mark.parametrize("after", [None, Position(T0, "T1")], ids=["the first page", "a later page"])
def test_lists_are_found_by_index(store: Store, after: Position | None) -> None:
    with reads(store) as seen, store.snapshot() as connection:
        for search in SEARCHES:
            case_lists.find_cases(connection, search, after, 50)
        for units in ((PROPERTY,), (PROPERTY, SECOND), ("*",)):
            case_lists.open_work(connection, units, after, 50)
        case_lists.asked_work(connection, str, after, 50)
    assert {table for table, _ in seen.from_end_to_end()} <= {"areas"}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("search", "index"),
    [
        ({}, "cases_due"),
        ({"due_before": T0}, "cases_due"),
        ({"breached": True}, "cases_breached"),
        ({"nobody": True}, "cases_nobody"),
        ({"unit": PROPERTY}, "case_units_unit"),
        *(({name: "x"}, f"cases_{name}") for name in ("state", "level", "urgency", "category", "area", "estate")),
    ],
)
def test_each_filter_has_an_index_in_the_order_of_due_time(store: Store, search: dict[str, Any], index: str) -> None:
    with reads(store) as seen, store.snapshot() as connection:
        case_lists.find_cases(connection, search, Position(T0, "T1"), 50)
    statement, parameters = next(sent for sent in seen.sent if "ORDER BY" in sent[0])
    with store.reading() as connection:
        plan = [str(line.detail) for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert [line for line in plan if f"INDEX {index} " in f"{line} "], plan


def test_a_row_that_an_older_process_left_is_not_shown(store: Store) -> None:
    case = Cases(store).add("T1")
    gone = {"id": "T1-0", "case_id": "T1", "unit": PROPERTY, "due_at": T0}
    with store.transaction() as connection:
        connection.execute(insert(tables.case_units), gone)
        connection.execute(insert(tables.case_asks), {"id": "T1:ruling", "case_id": "T1", "asked": "ruling", "due_at": T0})
    with store.snapshot() as connection:
        assert [one.assignment for one in case_lists.open_work(connection, {PROPERTY}, None, 1)] == case.assignments
        assert case_lists.asked_work(connection, lambda case: COMMUNITY if case else None, None, 5) == []


def test_work_is_read_in_batches_and_in_the_order_of_due_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_lists, "BATCH", 3)
    cases = Cases(store)
    for number in range(10):
        cases.at = T0 + timedelta(hours=10 - number)
        cases.add(f"T{number}", playbook=None)

    def supervisor(case: Case) -> str | None:
        return COMMUNITY if int(case.id[1:]) % 2 else None

    with store.snapshot() as connection:
        first = case_lists.asked_work(connection, supervisor, None, 3)
        then = case_lists.asked_work(connection, supervisor, first[-1].position, 9)
    assert [(one.case.id, one.unit, one.asked) for one in first + then] == [
        (f"T{number}", COMMUNITY, Asked.RULING) for number in (9, 7, 5, 3, 1)
    ]
