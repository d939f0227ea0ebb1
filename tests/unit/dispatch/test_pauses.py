"""Due times with pauses: only the overlap of a pause with the clock's own running time counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codes import Command, ReturnReason
from services.dispatch.domain.extensions import NoExtension
from services.dispatch.domain.work_calendar import Pause, parse
from tests.unit.dispatch.test_clocks import begun, clock
from tests.unit.dispatch.town import CALENDAR, COMMUNITY, PROPERTY, SECOND, Told, day

MINUTE = timedelta(minutes=1)
ELAPSED = {"min": 1, "h": 60, "d": 24 * 60}


def in_office(instant: datetime) -> bool:
    """Whether people work in the minute that begins at an instant."""
    local = instant.astimezone(CALENDAR.zone)
    return CALENDAR.is_working(local.date()) and any(opens <= local.time() < closes for opens, closes in CALENDAR.hours)


def minutes_needed(start: datetime, rule: str) -> int:
    """How many minutes of its own time a span takes."""
    number, unit = parse(rule)
    if unit != "wd":
        return number * ELAPSED.get(unit, 60)
    last = start.astimezone(CALENDAR.zone).date()
    while number:
        last += timedelta(days=1)
        number -= CALENDAR.is_working(last)
    closes = datetime.combine(last, CALENDAR.hours[-1][1], CALENDAR.zone)
    return sum(in_office(start + n * MINUTE) for n in range((closes - start) // MINUTE))


def reference(start: datetime, rule: str, pauses: Sequence[Pause]) -> datetime:
    """The due time, found minute by minute."""
    left, instant, elapsed = minutes_needed(start, rule), start, parse(rule)[1] in ELAPSED
    while left:
        paused = any(pause.end and pause.start <= instant < pause.end for pause in pauses)
        left -= not paused and (elapsed or in_office(instant))
        instant += MINUTE
    return instant


moments = st.integers(0, 14 * 24 * 60).map(lambda minutes: datetime(2026, 2, 23, tzinfo=UTC) + minutes * MINUTE)
pauses = st.lists(
    st.tuples(moments, st.integers(1, 5 * 24 * 60)).map(lambda pair: Pause(pair[0], pair[0] + pair[1] * MINUTE)), max_size=3
)


@settings(deadline=None, max_examples=60)
@given(moments, st.sampled_from(["30min", "8h", "2d", "1wh", "5wh", "1wd", "2wd"]), pauses)
def test_a_due_time_is_the_one_found_minute_by_minute(start: datetime, rule: str, paused: list[Pause]) -> None:
    assert CALENDAR.due(start, rule, paused).at == reference(start, rule, paused)


@pytest.mark.parametrize(
    ("start", "rule", "due"),
    [
        ("03-03 10:00", "1wh", "03-06 10:00"),
        ("03-03 10:00", "1wd", "03-09 17:00"),
        ("03-03 10:00", "1h", "03-06 10:00"),
        ("03-02 08:00", "1wh", "03-06 10:00"),
        ("03-02 08:00", "2h", "03-06 10:00"),
    ],
)
def test_a_clock_that_starts_during_a_pause_runs_from_the_end_of_the_pause(start: str, rule: str, due: str) -> None:
    paused = [Pause(day("03-02 09:00"), day("03-06 09:00"))]
    assert CALENDAR.due(day(start), rule, paused).at == day(due)


def test_an_extension_granted_during_a_pause_is_moved_by_the_rest_of_the_pause_alone() -> None:
    paused = [Pause(day("03-02 09:00"), day("03-06 09:00"))]
    found = CALENDAR.extended(day("03-05 17:00"), day("03-06 10:00"), "1wh", paused)
    assert found.at == day("03-06 11:00"), "the hour from five to six on Thursday does not count"


def test_a_unit_named_after_a_return_during_a_pause_has_its_whole_time_after_it() -> None:
    told = Told()
    told.report(Command.PAUSE, COMMUNITY, until=day("03-06 09:00"))
    told.at(day("03-03 10:00"))
    told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_DUTY)
    assert told.last("assignment.made")["to"] == SECOND
    told.at(day("03-06 09:00"))
    assert clock(told, "sign").due == day("03-06 10:00")
    told.at(day("03-06 09:59"))
    assert "deadline.breached" not in told.types()


def test_an_extension_may_be_asked_while_a_pause_holds_the_clock() -> None:
    told = begun()
    told.report(Command.PAUSE, COMMUNITY, until=day("03-20 09:00"))
    told.at(day("03-17 10:00"))
    assert clock(told, "handle_within").due < told.context.at, "its due time is moved when the pause ends"
    with pytest.raises(NoExtension, match="until"):
        told.report(Command.EXTEND, PROPERTY, until=day("03-18 12:00"))
    assert told.report(Command.EXTEND, PROPERTY, until=day("03-25 18:00")) == ["deadline.extension_asked"]
    told.report(Command.RULE, COMMUNITY, passed=True)
    assert clock(told, "handle_within").due == day("03-25 18:00")
    told.at(day("03-20 09:00"))
    assert clock(told, "handle_within").due == day("03-30 17:00"), "later by the 20 hours from the grant to the pause's end"


def test_an_extension_that_was_granted_during_a_pause_never_shortens_the_time() -> None:
    told = begun()
    told.report(Command.EXTEND, PROPERTY, until=day("03-05 18:00"))
    told.report(Command.PAUSE, COMMUNITY, until=day("03-20 09:00"))
    told.at(day("03-17 10:00"))
    told.report(Command.RULE, COMMUNITY, passed=True)
    told.at(day("03-20 09:00"))
    without = begun()
    without.report(Command.PAUSE, COMMUNITY, until=day("03-20 09:00"))
    without.at(day("03-20 09:00"))
    assert clock(told, "handle_within").due == clock(without, "handle_within").due > day("03-20 09:00")


def test_the_time_overdue_does_not_run_during_a_pause() -> None:
    start, due = day("03-02 10:00"), day("03-03 10:00")
    paused = [Pause(day("03-03 12:00"), day("03-13 12:00"))]
    assert CALENDAR.part_of(start, due, 2.0, "24h", paused) == day("03-14 10:00")


@pytest.mark.parametrize("rule", ["1wh", "1h"])
def test_an_explanation_of_a_pause_is_in_local_time(rule: str) -> None:
    found = CALENDAR.due(day("03-03 10:00"), rule, [Pause(day("03-03 10:30"), day("03-06 09:00"))])
    assert found.explanation.endswith("至 2026-03-06 09:30")
    assert "UTC" not in found.explanation


def test_the_time_that_a_pause_takes_is_told_in_words() -> None:
    paused = [Pause(day("03-02 10:30"), day("03-04 12:45"))]
    assert "扣除暂停 2天2小时15分钟" in CALENDAR.due(day("03-02 10:00"), "1h", paused).explanation
    assert "扣除暂停 15个工作小时30分钟" in CALENDAR.due(day("03-02 10:00"), "1wh", paused).explanation


def test_elapsed_time_is_elapsed_where_the_clocks_are_changed() -> None:
    berlin = replace(CALENDAR, zone=ZoneInfo("Europe/Berlin"))
    saturday = datetime(2026, 3, 28, 18, tzinfo=berlin.zone)
    assert berlin.due(saturday, "24h").at.astimezone(UTC) == saturday.astimezone(UTC) + timedelta(hours=24)
