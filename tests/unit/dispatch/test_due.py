"""When something is due, against the State Council's calendar, and why."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.work_calendar import BadSpan, Pause
from tests.unit.dispatch.town import CALENDAR, day


@pytest.mark.parametrize(
    ("start", "rule", "due", "why"),
    [
        ("03-02 10:00", "30min", "03-02 10:30", "elapsed time"),
        ("03-06 17:30", "24h", "03-07 17:30", "elapsed time runs through the night and the weekend"),
        ("03-02 10:00", "1wh", "03-02 11:00", "office hours"),
        ("03-02 11:30", "1wh", "03-02 14:30", "not over noon"),
        ("03-06 17:30", "1wh", "03-09 09:30", "not over the weekend"),
        ("03-07 12:00", "1wh", "03-09 10:00", "from a Saturday it begins on Monday"),
        ("03-02 10:00", "1wd", "03-03 18:00", "the day of the start is not counted, the last ends with office hours"),
        ("03-05 10:00", "2wd", "03-09 18:00", "not over the weekend"),
        ("02-12 10:00", "3wd", "02-24 18:00", "the Spring Festival of 2026 is off, Saturday the 14th is made up (调休)"),
        ("09-30 10:00", "1wd", "10-08 18:00", "National Day"),
    ],
)
def test_due(start: str, rule: str, due: str, why: str) -> None:
    found = CALENDAR.due(day(start), rule)
    assert found.at == day(due), why
    assert not found.provisional
    assert found.explanation.endswith(f"至 2026-{due}")


@pytest.mark.parametrize("rule", ["", "5", "wd", "5 weeks", "-1h", "5wd ", "1.5h"])
def test_what_is_no_span_is_refused(rule: str) -> None:
    with pytest.raises(BadSpan):
        CALENDAR.due(day("03-02 10:00"), rule)


def test_past_the_known_calendar_it_is_provisional_and_counts_weekends_alone() -> None:
    found = CALENDAR.due(day("12-30 10:00"), "5wd")
    assert found.provisional
    assert "暂定" in found.explanation
    assert not CALENDAR.due(day("12-30 10:00"), "24h").provisional, "elapsed time needs no calendar"


@pytest.mark.parametrize(
    ("rule", "pause", "due"),
    [
        ("1wd", ("03-02 12:00", "03-02 14:00"), "03-03 18:00"),
        ("1wd", ("03-02 19:00", "03-03 08:00"), "03-03 18:00"),
        ("1wd", ("03-02 16:00", "03-03 10:00"), "03-04 12:00"),
        ("24h", ("03-02 12:00", "03-02 14:00"), "03-03 12:00"),
        ("1wd", ("03-04 09:00", "03-05 09:00"), "03-03 18:00"),
    ],
    ids=["over noon", "over night", "three office hours", "elapsed", "after the end"],
)
def test_a_pause_removes_only_its_overlap(rule: str, pause: tuple[str, str], due: str) -> None:
    assert CALENDAR.due(day("03-02 10:00"), rule, [Pause(day(pause[0]), day(pause[1]))]).at == day(due)


instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 10, 1), timezones=st.just(UTC))
rules = st.sampled_from(["10min", "24h", "3d", "1wh", "8wh", "1wd", "5wd"])


@given(instants, rules)
def test_a_due_time_is_never_before_its_start(start: datetime, rule: str) -> None:
    assert CALENDAR.due(start, rule).at >= start


@given(instants, rules, st.timedeltas(timedelta(), timedelta(days=5)))
def test_a_later_start_is_never_due_earlier(start: datetime, rule: str, later: timedelta) -> None:
    assert CALENDAR.due(start + later, rule).at >= CALENDAR.due(start, rule).at


@given(instants, rules, st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(days=9)))
def test_a_pause_never_makes_it_due_earlier_and_costs_what_it_covers(
    start: datetime, rule: str, wait: timedelta, length: timedelta
) -> None:
    plain = CALENDAR.due(start, rule).at
    pause = Pause(start + wait, start + wait + length)
    paused = CALENDAR.due(start, rule, [pause]).at
    assert paused >= plain
    if rule.endswith(("wh", "wd")) and pause.end and pause.end <= plain:
        assert CALENDAR.working_time(plain, paused) == CALENDAR.working_time(pause.start, pause.end)
