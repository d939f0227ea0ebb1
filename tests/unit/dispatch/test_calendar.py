"""The working calendar of a deployment's own file, and due times that wait for one."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from contracts.codes import Command
from services.dispatch.config import load_clocks
from services.dispatch.domain import clocks, pauses, ticket_reactions
from services.dispatch.domain.entities import Running
from services.dispatch.domain.work_calendar import WorkCalendar
from services.dispatch.holidays import assumed_of, statutory
from tests.unit.dispatch.town import CALENDAR, DEPLOY, PROPERTY, Told, day

UNKNOWN = next(year for year in range(2026, 2100) if not CALENDAR.knows(year))
"""The first year that the library does not know; the rules are the same whichever it is."""


def years(tmp_path: Path, given: Any) -> WorkCalendar:
    """The calendar of a file that names these years."""
    path = tmp_path / "clocks.yaml"
    loaded = load_yaml((DEPLOY / "clocks.yaml").read_text("utf-8"))
    path.write_text(dump_yaml({**loaded, "years": given}), "utf-8")
    return load_clocks(path)[0]


NOTICE_OF_2019 = {
    "off": [
        "2018-12-30/2019-01-01",
        "2019-02-04/2019-02-10",
        "2019-04-05/2019-04-07",
        "2019-05-01/2019-05-04",
        "2019-06-07/2019-06-09",
        "2019-09-13/2019-09-15",
        "2019-10-01/2019-10-07",
    ],
    "work": ["2018-12-29", "2019-02-02", "2019-02-03", "2019-04-28", "2019-05-05", "2019-09-29", "2019-10-12"],
}
"""国办发明电〔2018〕15号, with the change of 2019 for Labour Day [国办发明电〔2019〕3号]."""


def every_day(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range(date(year, 12, 31).timetuple().tm_yday)]


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
        ({2031: {"off": ["2029-12-31"]}}, "years.2031.off: 2029-12-31 is neither in 2031 nor in a year next to it"),
        ({2031: {"off": ["2031-01-01"], "work": ["2033-01-01"]}}, "years.2031.work: 2033-01-01 is neither"),
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


def test_the_notice_of_2019_names_days_of_2018_and_counts_before_the_older_year(tmp_path: Path) -> None:
    days = [f"2018-12-{number}" for number in (28, 29, 30, 31)] + ["2019-01-01", "2019-01-02"]
    arranged = [True, True, False, False, False, True]
    of_2018 = {"off": ["2018-01-01", "2018-12-29"], "work": ["2018-12-30"]}
    for notices in ({2019: NOTICE_OF_2019}, {2018: of_2018, 2019: NOTICE_OF_2019}):
        known = years(tmp_path, notices)
        assert [known.is_working(date.fromisoformat(day)) for day in days] == arranged
    both = years(tmp_path, {2019: NOTICE_OF_2019})
    assert [both.is_working(one) for one in every_day(2019)] == [CALENDAR.is_working(one) for one in every_day(2019)]
    assert [both.is_working(one) for one in every_day(2018)] == [CALENDAR.is_working(one) for one in every_day(2018)]
    older = years(tmp_path, {2018: of_2018})
    assert not older.is_working(date(2018, 12, 29)), "what the file says of a day counts before the library"
    silent = years(tmp_path, {2018: {"off": ["2018-01-01"]}})
    assert silent.is_working(date(2018, 12, 29)), "of a day that the file does not name the library knows the next notice"


def test_a_notice_of_another_year_does_not_make_its_neighbour_known(tmp_path: Path) -> None:
    known = years(tmp_path, {UNKNOWN + 1: {"off": [f"{UNKNOWN}-12-31", f"{UNKNOWN + 1}-01-01"]}})
    assert not known.knows(UNKNOWN)
    assert not known.is_working(date(UNKNOWN, 12, 31))
    after = years(tmp_path, {UNKNOWN: {"off": [f"{UNKNOWN}-01-01", f"{UNKNOWN + 1}-01-04/{UNKNOWN + 1}-01-08"]}})
    assert not after.knows(UNKNOWN + 1)
    assert not any(after.is_working(date(UNKNOWN + 1, 1, number)) for number in range(4, 9))


@pytest.mark.parametrize("day", ["01-01", "05-01", "05-02", "10-01", "10-02", "10-03"])
@pytest.mark.parametrize("year", [UNKNOWN, UNKNOWN + 1, UNKNOWN + 2, 2150])
def test_a_statutory_holiday_with_a_fixed_date_is_off_in_a_year_that_is_not_known(year: int, day: str) -> None:
    assert not CALENDAR.knows(year)
    assert not CALENDAR.is_working(date.fromisoformat(f"{year}-{day}"))


@pytest.mark.parametrize(
    "day", ["2027-02-05", "2027-02-08", "2027-04-05", "2027-06-09", "2027-09-15", "2030-02-04", "2033-01-31", "2033-09-08"]
)
def test_a_statutory_holiday_of_the_lunar_calendar_is_off_in_a_year_that_is_not_known(day: str) -> None:
    assert statutory(int(day[:4])) >= {date.fromisoformat(day)}
    assert not assumed_of({})(date.fromisoformat(day))


@pytest.mark.parametrize("year", range(2025, UNKNOWN))
def test_every_statutory_holiday_is_off_in_the_years_whose_notice_is_known(year: int) -> None:
    assert not [day for day in statutory(year) if CALENDAR.workday(day)]


@pytest.mark.parametrize("year", range(UNKNOWN, UNKNOWN + 20))
def test_a_year_has_thirteen_statutory_holidays_of_which_two_may_fall_together(year: int) -> None:
    assert len(statutory(year)) in {12, 13}


def test_new_year_is_no_working_day_before_its_notice_is_known() -> None:
    eve = datetime(UNKNOWN - 1, 12, 31, 10, tzinfo=CALENDAR.zone)
    due = CALENDAR.due(eve, "1wd")
    assert due.at.date() == next(day for day in every_day(UNKNOWN)[1:] if day.weekday() < 5)
    assert "法定节假日" in due.explanation


@pytest.mark.parametrize(
    ("start", "rule", "awaits"),
    [
        (28, "1wh", None),
        (28, "1wd", UNKNOWN),
        (29, "1wh", UNKNOWN),
        (31, "24h", None),
        (21, "2wd", None),
    ],
)
def test_a_due_time_in_late_december_waits_for_the_next_notice(start: int, rule: str, awaits: int | None) -> None:
    begun = datetime(UNKNOWN - 1, 12, start, 10, tzinfo=CALENDAR.zone)
    assert CALENDAR.due(begun, rule).awaits == awaits


def test_a_due_time_in_late_december_is_final_when_the_next_notice_is_known(tmp_path: Path) -> None:
    known = years(tmp_path, {UNKNOWN: {"off": [f"{UNKNOWN - 1}-12-30/{UNKNOWN}-01-01"]}})
    start = datetime(UNKNOWN - 1, 12, 29, 10, tzinfo=CALENDAR.zone)
    due = known.due(start, "1wd")
    assert (due.awaits, due.at.date() > date(UNKNOWN, 1, 1)) == (None, True)


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

        self.context = replace(self.context, calendar=replace(CALENDAR, version="known", workday=workday))
        return self.context.calendar

    def recompute(self) -> list[str]:
        return self.note(clocks.recompute(self.case, self.context, lambda running: running.provisional))


def handle(told: Told) -> Running:
    return next(running for running in told.case.clocks if running.clock == "handle")


def test_the_year_arrives_and_every_provisional_clock_is_computed_anew_once() -> None:
    told = Late()
    assert told.case.awaits == UNKNOWN
    waiting, before = len(told.case.provisional), {running.key: running.version for running in told.case.provisional}
    calendar = told.learn(off=3)
    assert [type_ for type_ in told.recompute() if type_ != "deadline.moved"] == ["deadline.set"] * waiting
    assert (told.case.awaits, told.case.provisional) == (None, [])
    assert told.last("deadline.set")["calendar"] == "known"
    assert handle(told).due == calendar.due(told.case.opened_at, "5wd").at
    for key, version in before.items():
        assert told.timers[key].generation > version, "by a new generation"
        assert not ticket_reactions.rang(told.case, key, version, told.context), "the old timer does nothing"
    assert told.recompute() == [], "nothing is done twice"


def test_a_timer_that_rings_before_the_case_was_found_is_not_believed() -> None:
    told = Late()
    told.report(Command.SIGN, PROPERTY)
    told.report(Command.REPORT_IN, PROPERTY)
    told.learn(off=20)
    told.at(in_unknown(3, 16))
    breached = {happened.payload.clock for happened in told.said if happened.payload.type == "deadline.breached.v1"}
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
    breached = [h.payload.due for h in told.said if h.payload.type == "deadline.breached.v1" and h.payload.clock == "handle"]
    assert breached == [first, due], "it is breached when it really is"


def test_a_paused_case_is_computed_anew_and_rings_only_when_it_goes_on() -> None:
    told = Late()
    told.note(pauses.parked(told.case, in_unknown(6, 1), told.context))
    told.timers.clear()
    told.learn(off=3)
    told.recompute()
    assert not told.timers
    told.note(pauses.resume(told.case, told.context))
    assert "handle" in told.timers


def test_a_due_time_of_a_known_year_waits_for_nothing() -> None:
    told = Told()
    told.at(day("03-02 12:00"))
    assert told.case.awaits is None
