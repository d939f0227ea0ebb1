"""Provisional due times in a real store: alerted while the year is unknown, computed anew once when it is known."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from chassis.clock import ManualClock
from chassis.handler_context import HandlerContext
from chassis.persistence import Store
from chassis.unit_of_work import UnitOfWork
from contracts.codes import Urgency
from services.dispatch import due_time_recompute
from services.dispatch import store as tables
from services.dispatch.config import load_clocks, load_playbook
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.directory import Directory
from services.dispatch.domain.work_calendar import WorkCalendar
from services.dispatch.due_time_recompute import Recomputer
from tests.component.counting import in_threads
from tests.kit.servers import PostgresServer

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
OLD, STANDARDS = load_clocks(DEPLOY / "clocks.yaml")
BOOK = load_playbook(DEPLOY / "playbooks/xianlinli.yaml")
UNKNOWN = next(year for year in range(2026, 2100) if not OLD.knows(year))
OPENED = datetime(UNKNOWN, 3, 3, 2, tzinfo=UTC)
CASES = 5


def known_until(year: int) -> WorkCalendar:
    """The same calendar of a newer version, which knows these years too; in March of each a week is off."""

    def workday(one: date) -> bool | None:
        if one.year < UNKNOWN:
            return OLD.workday(one)
        return OLD.is_working(one) and not (one.month == 3 and one.day < 12) if one.year <= year else None

    return replace(OLD, version=f"until-{year}", workday=workday)


@dataclass
class Seen:
    """What was reported to the metrics."""

    deadlines: list[int] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def provisional(self, deadlines: int) -> None:
        self.deadlines.append(deadlines)

    def recomputed(self, outcome: str) -> None:
        self.outcomes.append(outcome)


@pytest.fixture
def store(postgres_server: PostgresServer) -> Iterator[Store]:
    """A store with some cases of a year that nobody knew when they were opened."""
    name = f"provisional_{uuid4().hex[:8]}"
    made = Store(postgres_server.create_database(name), tables.DEFINITION.tables, tables.DEFINITION.mappers)
    tables.metadata.create_all(made.engine)
    for number in range(CASES):
        open_case(made, f"T{number}")
    yield made
    made.close()
    postgres_server.drop_database(name)


def open_case(store: Store, id_: str) -> None:
    """A case as the service would open it."""
    case = Case(id_, "leak", "shanqi-1", None, Urgency.E2, False, OPENED, BOOK)
    with store.transaction() as connection:
        unit = UnitOfWork(store, connection, "/dispatch")
        unit.add(case)
        context = CaseContext(Directory({}, ()), OLD, STANDARDS, OPENED)
        HandlerContext(unit, OPENED, correlation=id_).apply(ticket_reactions.opened(case, context))
        unit.flush()


def recomputer(store: Store, calendar: WorkCalendar) -> Recomputer:
    """One process with this calendar."""
    clock = ManualClock(OPENED + timedelta(hours=1))
    return Recomputer(store, clock, "/dispatch", calendar, STANDARDS, Seen())


def run(one: Recomputer) -> int:
    """Until there is nothing left to do; answers how many cases it took."""
    taken = 0
    while one.step():
        taken += 1
    return taken


def said(store: Store) -> dict[str, list[str]]:
    """The due times that were said of each case's handle clock, in order."""
    outbox = tables.DEFINITION.tables.outbox
    found: dict[str, list[str]] = {}
    query = select(outbox.c.subject, outbox.c.body).where(outbox.c.type == "deadline.set.v1").order_by(outbox.c.position)
    with store.transaction() as connection:
        for subject, body in connection.execute(query):
            if b'"clock":"handle"' in bytes(body).replace(b": ", b":"):
                found.setdefault(subject, []).append(bytes(body).decode())
    return found


def waiting(store: Store) -> list[tuple[int | None, int]]:
    """What each case waits for."""
    with store.transaction() as connection:
        query = select(tables.cases.c.awaits, tables.cases.c.provisional).order_by(tables.cases.c.id)
        return [(row[0], row[1]) for row in connection.execute(query)]


def timers(store: Store) -> list[tuple[str, str, int, datetime]]:
    """Every armed timer of the cases."""
    table = tables.DEFINITION.tables.timers
    with store.transaction() as connection:
        query = select(table.c.subject, table.c.name, table.c.generation, table.c.due_at).where(table.c.subject != "dispatch")
        rows = connection.execute(query)
        return sorted(tuple(row) for row in rows)


def test_an_unknown_year_is_counted_and_warned_of_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    one = recomputer(store, OLD)
    with caplog.at_level(logging.WARNING):
        assert [one.step(), one.step()] == [0, 0]
    assert one.watch.deadlines == [CASES, CASES]  # type: ignore[attr-defined]
    (warned,) = [record for record in caplog.records if "provisional" in record.message]
    assert (warned.year, warned.deadlines) == (UNKNOWN, CASES)  # type: ignore[attr-defined]
    assert waiting(store) == [(UNKNOWN, 1)] * CASES


def test_the_year_is_known_and_each_case_is_computed_anew_once(store: Store) -> None:
    before = timers(store)
    new = known_until(UNKNOWN)
    assert run(recomputer(store, new)) == CASES
    assert waiting(store) == [(None, 0)] * CASES
    due = new.due(OPENED, "5wd").at
    for story in said(store).values():
        assert len(story) == 2
        assert f"until-{UNKNOWN}" in story[1]
        assert due.isoformat() in story[1]
    after = timers(store)
    handles = [row for row in after if row[1] == "handle"]
    assert len(handles) == CASES, "one timer for each clock"
    assert {row[2] for row in handles} == {2}, "by a new generation"
    assert [row for row in after if row[1] != "handle"] == [row for row in before if row[1] != "handle"]
    again = recomputer(store, new)
    assert (run(again), run(recomputer(store, OLD))) == (0, 0), "nothing is done twice, and an older process undoes nothing"
    assert again.watch.deadlines == [0]  # type: ignore[attr-defined]


def test_two_processes_at_once_share_the_cases(store: Store) -> None:
    calendar, taken = known_until(UNKNOWN), []
    in_threads(*[lambda: taken.append(run(recomputer(store, calendar)))] * 2)
    assert sum(taken) == CASES
    assert {len(story) for story in said(store).values()} == {2}


def test_what_was_killed_in_the_middle_is_done_by_the_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar, real, left = known_until(UNKNOWN), UnitOfWork.flush, [2]

    class Killed(BaseException):
        """The process ends here."""

    def flush(unit: UnitOfWork) -> None:
        real(unit)
        left[0] -= 1
        if not left[0]:
            raise Killed

    monkeypatch.setattr(due_time_recompute.UnitOfWork, "flush", flush)
    with pytest.raises(Killed):
        run(recomputer(store, calendar))
    assert [years for years, _ in waiting(store)].count(None) == 1
    monkeypatch.undo()
    assert run(recomputer(store, calendar)) == CASES - 1
    assert {len(story) for story in said(store).values()} == {2}


def corrected() -> WorkCalendar:
    """A calendar that knows no more years, of which other days of March are off."""

    def workday(one: date) -> bool | None:
        known = known_until(UNKNOWN).workday(one)
        return known and one != date(UNKNOWN, 3, 17)

    return replace(OLD, version="corrected", workday=workday)


def test_a_known_year_is_corrected_and_each_case_is_computed_anew_once(store: Store) -> None:
    assert run(recomputer(store, known_until(UNKNOWN))) == CASES
    first = recomputer(store, known_until(UNKNOWN))
    assert run(first) == 0
    assert run(recomputer(store, corrected())) == CASES
    due = corrected().due(OPENED, "5wd").at
    assert due != known_until(UNKNOWN).due(OPENED, "5wd").at
    assert {len(story) for story in said(store).values()} == {3}
    assert all(due.isoformat() in story[2] for story in said(store).values())
    with store.transaction() as connection:
        outbox = tables.DEFINITION.tables.outbox
        query = select(func.count()).where(outbox.c.type == "deadline.moved.v1")
        assert connection.execute(query).scalar_one() >= 2 * CASES
    assert run(first) == 0, "a process that was started before computes nothing any more"
    open_case(store, "LATE")
    assert (run(first), run(recomputer(store, corrected()))) == (0, 1), "what it opens meanwhile is computed by the other"


def test_a_process_whose_calendar_does_not_count_says_so_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    run(recomputer(store, known_until(UNKNOWN)))
    older = recomputer(store, OLD)
    with caplog.at_level(logging.WARNING):
        assert [older.step(), older.step()] == [0, 0]
    assert len([record for record in caplog.records if "another calendar" in record.message]) == 1


def test_a_case_older_than_the_column_is_looked_at_once(store: Store) -> None:
    assert run(recomputer(store, OLD)) == 0
    with store.transaction() as connection:
        connection.execute(text("UPDATE cases SET calendar = ''"))
        connection.execute(text("UPDATE cases SET document = document #- '{clocks,0,calendar}' WHERE id = 'T0'"))
    assert run(recomputer(store, OLD)) == CASES
    assert run(recomputer(store, OLD)) == 0
    assert {len(story) for story in said(store).values()} == {1}, "nothing moved, and nothing was said"


def test_a_case_that_cannot_be_computed_harms_no_other(store: Store) -> None:
    with store.transaction() as connection:
        broken = text("UPDATE cases SET document = jsonb_set(document, '{clocks,1,rule}', '\"soon\"') WHERE id = 'T2'")
        connection.execute(broken)
    one = recomputer(store, known_until(UNKNOWN))
    assert run(one) == CASES
    assert one.watch.outcomes.count("failed") == 1  # type: ignore[attr-defined]
    assert [years for years, _ in waiting(store)].count(UNKNOWN) == 1, "it goes on being counted"


def test_a_calendar_that_knows_one_year_more_leaves_what_waits_for_the_next(store: Store) -> None:
    with store.transaction() as connection:
        unit = UnitOfWork(store, connection, "/dispatch")
        case = unit.find(Case, "T0")
        assert case is not None
        handle = next(running for running in case.clocks if running.clock == "handle")
        handle.rule = "260wd"
        unit.flush()
    assert run(recomputer(store, known_until(UNKNOWN))) == CASES
    assert waiting(store)[0] == (UNKNOWN + 1, 1)
    assert run(recomputer(store, known_until(UNKNOWN + 1))) == CASES, "all are looked at"
    assert [len(story) for story in said(store).values()] == [3, *[2] * (CASES - 1)], "and one is computed anew"
    assert waiting(store)[0] == (None, 0)
    with store.transaction() as connection:
        assert connection.execute(select(func.sum(tables.cases.c.provisional))).scalar_one() == 0
