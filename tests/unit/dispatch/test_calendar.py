"""The working calendar of a deployment's own file, and due times that wait for one."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.config import BadConfig
from chassis.yaml_core import dump_yaml, load_yaml
from contracts.codes import Command
from services.dispatch.config import load_clocks
from services.dispatch.domain import clocks, facts, pauses
from services.dispatch.domain.due import WorkCalendar
from services.dispatch.domain.parts import Running
from tests.unit.dispatch.town import CALENDAR, DEPLOY, PROPERTY, Told, day

UNKNOWN = next(year for year in range(2026, 2100) if not CALENDAR.knows(year))
"""The first year that the library does not know; the rules are the same whichever it is."""


def years(tmp_path: Path, given: Any) -> WorkCalendar:
    """The calendar of a file that names these years."""
    path = tmp_path / "clocks.yaml"
    loaded = load_yaml((DEPLOY / "clocks.yaml").read_text("utf-8"))
    path.write_text(dump_yaml({**loaded, "years": given}), "utf-8")
    return load_clocks(path)[0]


def in_unknown(month: int, number: int, hour: int = 10) -> datetime:
    """A local moment of the unknown year."""
    return datetime(UNKNOWN, month, number, hour, tzinfo=CALENDAR.zone)


def weekday(kind: int, after: date) -> date:
    """The first day of a kind (0 is Monday) on or after a day."""
    return after + timedelta(days=(kind - after.weekday()) % 7)


def test_a_file_knows_what_the_library_does_not(tmp_path: Path) -> None:
    monday = weekday(0, date(UNKNOWN, 3, 1))
    saturday = monday + timedelta(days=5)
    given = {UNKNOWN: {"off": [f"{monday + timedelta(days=1)}/{monday + timedelta(days=3)}"], "work": [saturday]}}
    known = years(tmp_path, given)
    start = datetime.combine(monday, datetime.min.time(), known.zone).replace(hour=10)
    assert [CALENDAR.knows(UNKNOWN), known.knows(UNKNOWN)] == [False, True]
    due = known.due(start, "2wd")
    assert due.at.date() == saturday, "Friday and the made-up Saturday"
    assert (due.provisional, CALENDAR.due(start, "2wd").awaits) == (False, UNKNOWN)
    assert known.version != CALENDAR.version


def test_a_corrected_file_is_another_version_and_the_same_file_the_same(tmp_path: Path) -> None:
    first = {UNKNOWN: {"off": [f"{UNKNOWN}-01-01"]}}
    second = {UNKNOWN: {"off": [f"{UNKNOWN}-01-01", f"{UNKNOWN}-01-02"]}}
    assert years(tmp_path, first).version == years(tmp_path, first).version != years(tmp_path, second).version


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({2031: {"off": ["2030-12-31"]}}, "years.2031.off: 2030-12-31 is in another year"),
        ({2031: {"off": []}}, "years.2031.value.off"),
        ({2031: {"work": ["2031-01-04"]}}, "years.2031.value.off"),
        ({2031: {"off": ["2031-01-04"], "work": ["2031-01-04"]}}, "is off as well"),
        ({2031: {"off": ["2031-01-01"], "work": ["2031-01-06"]}}, "is a workday anyway"),
        ({2031: {"off": ["2031-01-05/2031-01-01"]}}, "ends before it begins"),
        ({2031: {"off": ["soon"]}}, "is no day"),
        ({2031: {"off": "2031-01-01"}}, "Want a list"),
        ({2031: {"off": ["2031-01-01"], "holiday": []}}, "Unknown field"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(given: Any, where: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"clocks\.yaml") as refused:
        years(tmp_path, given)
    assert where in str(refused.value)


@given(st.dates(date(UNKNOWN, 1, 1), date(UNKNOWN, 12, 31)), st.sampled_from(["1wh", "1wd", "5wd", "24h", "3d"]))
def test_only_working_time_waits_and_only_for_a_year_that_is_not_known(start: date, rule: str) -> None:
    due = CALENDAR.due(datetime.combine(start, datetime.min.time(), CALENDAR.zone), rule)
    assert due.awaits == (UNKNOWN if rule.endswith(("wh", "wd")) else None)


def test_a_span_that_ends_in_an_unknown_year_waits_for_it() -> None:
    before = datetime(UNKNOWN - 1, 12, 30, 10, tzinfo=CALENDAR.zone)
    assert CALENDAR.due(before, "15wd").awaits == UNKNOWN
    assert CALENDAR.due(before - timedelta(days=90), "5wd").awaits is None


class Late(Told):
    """A case of the unknown year."""

    def __init__(self) -> None:
        super().__init__(opened_at=in_unknown(3, 3), at=in_unknown(3, 3))

    def learn(self, off: int) -> WorkCalendar:
        """A calendar that knows the year: so many days from the fourth of March on are off."""
        start = date(UNKNOWN, 3, 4)

        def workday(one: date) -> bool | None:
            return CALENDAR.is_working(one) and not start <= one < start + timedelta(days=off)

        self.world = replace(self.world, calendar=replace(CALENDAR, version="known", workday=workday))
        return self.world.calendar

    def recompute(self) -> list[str]:
        return self.note(clocks.recompute(self.case, self.world, lambda running: running.provisional))


def handle(told: Told) -> Running:
    return next(running for running in told.case.clocks if running.clock == "handle")


def test_the_year_arrives_and_every_provisional_clock_is_computed_anew_once() -> None:
    told = Late()
    assert told.case.awaits == UNKNOWN
    waiting, before = len(told.case.provisional), {running.key: running.version for running in told.case.provisional}
    calendar = told.learn(off=3)
    assert told.recompute() == ["deadline.set"] * waiting
    assert (told.case.awaits, told.case.provisional) == (None, [])
    assert told.last("deadline.set")["calendar"] == "known"
    assert handle(told).due == calendar.due(told.case.opened_at, "5wd").at
    for key, version in before.items():
        assert told.timers[key].generation > version, "by a new generation"
        assert not facts.rang(told.case, key, version, told.world), "the old timer does nothing"
    assert told.recompute() == [], "nothing is done twice"


def test_a_timer_that_rings_before_the_case_was_found_is_not_believed() -> None:
    told = Late()
    told.report(Command.SIGN, PROPERTY)
    told.report(Command.REPORT_IN, PROPERTY)
    told.learn(off=20)
    told.at(in_unknown(3, 16))
    breached = {happened.data["clock"] for happened in told.said if happened.schema.type == "deadline.breached.v1"}
    assert breached == {"contact"}, "elapsed time, which needs no calendar"
    assert "case.escalated" not in told.types()


def test_a_breach_that_was_none_is_taken_back() -> None:
    told = Late()
    first = handle(told).due
    told.at(first)
    told.learn(off=20)
    told.recompute()
    due = handle(told).due
    told.at(due)
    breached = [h.data["due"] for h in told.said if h.schema.type == "deadline.breached.v1" and h.data["clock"] == "handle"]
    assert breached == [first, due], "it is breached when it really is"


def test_a_paused_case_is_computed_anew_and_rings_only_when_it_goes_on() -> None:
    told = Late()
    told.note(pauses.parked(told.case, in_unknown(6, 1), told.world))
    told.timers.clear()
    told.learn(off=3)
    told.recompute()
    assert not told.timers
    told.note(pauses.resume(told.case, told.world))
    assert "handle" in told.timers


def test_a_due_time_of_a_known_year_waits_for_nothing() -> None:
    told = Told()
    told.at(day("03-02 12:00"))
    assert told.case.awaits is None
