"""The working calendar changes while cases run: due times follow it, and people are told of what moved."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from contracts.codes import Command
from services.dispatch.domain import clocks, pauses, ticket_reactions
from services.dispatch.domain.work_calendar import WorkCalendar
from tests.unit.dispatch.test_clocks import begun, clock
from tests.unit.dispatch.town import CALENDAR, COMMUNITY, PROPERTY, T0, Told, day


def changed(off: str = "", work: str = "", version: str = "changed") -> WorkCalendar:
    """The calendar of another version, with days of March 2026 that are off or worked instead."""
    offs, works = ({date.fromisoformat(f"2026-{one}") for one in text.split()} for text in (off, work))

    def workday(one: date) -> bool | None:
        return one in works or (one not in offs and CALENDAR.workday(one))

    return replace(CALENDAR, version=version, workday=workday)


def adopt(told: Told, calendar: WorkCalendar, name: str | None = None) -> list[str]:
    """A process with another calendar finds the case; answers what was said."""
    told.context = replace(told.context, calendar=calendar)
    return told.note(clocks.recompute(told.case, told.context, lambda one: name in {None, one.clock}))


def test_the_due_time_of_a_running_clock_moves_and_whoever_is_at_work_is_told() -> None:
    told = begun()
    before = clock(told, "handle").due
    assert adopt(told, changed(off="03-05 03-06", work="03-07"), "handle") == ["deadline.set", "deadline.moved"]
    moved = told.last("deadline.moved")
    assert (before, moved["before"]) == (day("03-09 18:00"),) * 2
    assert moved["due"] == clock(told, "handle").due == day("03-10 18:00")
    assert (moved["to"], moved["resident"]) == ([PROPERTY], False)
    assert told.last("deadline.set")["calendar"] == "changed" == clock(told, "handle").calendar
    assert adopt(told, changed(off="03-05 03-06", work="03-07")) == [], "nothing is told twice"


def test_nobody_is_told_where_the_instant_does_not_change() -> None:
    told = begun()
    assert adopt(told, changed(off="03-25")) == []
    assert told.case.calendar == "changed"
    assert told.timers["handle"].generation == clock(told, "handle").version


def test_marks_follow_the_calendar_where_the_due_time_stays() -> None:
    told = begun()
    before = told.timers["handle"].due
    assert adopt(told, changed(off="03-04", work="03-07")) == ["deadline.set", "deadline.moved"], "the level's own clock alone"
    assert clock(told, "handle").due == day("03-09 18:00")
    assert (before, told.timers["handle"].due) == (day("03-05 09:30"), day("03-06 09:30"))


def test_pauses_are_kept() -> None:
    told = begun()
    told.report(Command.PAUSE, COMMUNITY, until=day("03-04 09:00"))
    told.at(day("03-04 09:00"))
    assert clock(told, "handle").due == day("03-11 17:00")
    adopt(told, changed(off="03-10"))
    assert clock(told, "handle").due == day("03-12 17:00")


def test_a_case_that_is_paused_rings_only_when_it_goes_on() -> None:
    told = begun()
    told.note(pauses.parked(told.case, day("04-01 09:00"), told.context))
    adopt(told, changed(off="03-05"))
    assert clock(told, "handle").due == day("03-10 18:00")
    assert not told.timers
    told.note(pauses.resume(told.case, told.context))
    assert "handle" in told.timers


def test_the_supervisor_is_told_where_a_breach_is_taken_back() -> None:
    told = begun()
    told.at(day("03-09 18:00"))
    assert told.last("deadline.breached")["supervisor"] == COMMUNITY
    adopt(told, changed(off="03-09"), "handle")
    assert COMMUNITY in told.last("deadline.moved")["to"]
    told.at(day("03-10 18:00"))
    breached = [h.payload.due for h in told.said if h.payload.type == "deadline.breached.v1" and h.payload.clock == "handle"]
    assert breached == [day("03-09 18:00"), day("03-10 18:00")]


def test_the_supervisor_is_told_where_nobody_is_at_work() -> None:
    told = Told(playbook=None)
    adopt(told, changed(off="03-05"), "handle")
    assert told.last("deadline.moved")["to"] == [COMMUNITY]


def test_the_resident_is_told_who_was_told_of_an_extension() -> None:
    told = begun()
    told.report(Command.EXTEND, PROPERTY, until=day("03-05 18:00"))
    told.report(Command.RULE, COMMUNITY, passed=True)
    adopt(told, changed(off="03-03 03-04 03-05"), "handle_within")
    moved = told.last("deadline.moved")
    assert (moved["resident"], moved["before"], moved["due"]) == (True, day("03-05 18:00"), day("03-09 18:00"))


def test_a_timer_that_rings_before_the_case_was_found_is_not_believed() -> None:
    told = begun()
    told.context = replace(told.context, calendar=changed(off="03-03 03-04 03-05 03-06"))
    told.at(day("03-06 18:00"))
    assert "deadline.breached" not in told.types()
    assert {running.calendar for running in told.case.clocks if running.clock == "handle_within"} == {"changed"}


def test_a_process_whose_calendar_does_not_count_computes_no_due_time_when_a_timer_rings() -> None:
    told = begun()
    old = replace(told.context, calendar=changed(off="03-03"), calendar_counts=False, at=day("03-04 18:00"))
    within = next(timer for timer in told.timers.values() if timer.name.startswith("handle_within"))
    running = clock(told, "handle_within")
    before = running.due
    said = ticket_reactions.rang(told.case, within.name, within.generation, old)
    assert [happened.payload.type for happened in said.events][:1] == ["deadline.breached.v1"]
    assert running.due == before


@pytest.mark.parametrize(("rule", "moves"), [("1wh", True), ("1wd", True), ("24h", False)])
def test_christmas_is_off_and_a_saturday_worked(rule: str, moves: bool) -> None:
    start = datetime(2026, 12, 23, 9, 30, tzinfo=UTC)

    def workday(one: date) -> bool | None:
        return {24: False, 25: False, 26: True}.get(one.day, CALENDAR.workday(one))

    other = replace(CALENDAR, version="christmas", workday=workday)
    before, after = (calendar.due(start, rule).at for calendar in (CALENDAR, other))
    assert (after > before) is moves
    if moves:
        assert after.astimezone(CALENDAR.zone).date() == date(2026, 12, 26)


def test_a_case_that_nobody_works_on_any_more_asks_for_nothing() -> None:
    told = begun()
    told.note(ticket_reactions.withdrawn(told.case, "cancelled"))
    assert told.case.calendar is None
    assert adopt(told, changed(off="03-05")) == []
    assert T0
