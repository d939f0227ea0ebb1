"""When people are urged: at parts of the time that counts, never in the middle of the night for what is office work."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.deadline_stages import MARKS
from services.dispatch.domain.work_calendar import Pause
from tests.unit.dispatch.test_due import instants, rules
from tests.unit.dispatch.town import CALENDAR, day

spans = st.timedeltas(timedelta(hours=1), timedelta(days=9))


@pytest.mark.parametrize(
    ("start", "rule", "part", "at", "why"),
    [
        ("03-02 10:00", "30min", 0.5, "03-02 10:15", "elapsed time"),
        ("03-02 23:00", "1wh", 0.5, "03-03 09:30", "nobody is urged at night"),
        ("03-06 17:30", "1wh", 0.8, "03-09 09:18", "nor at the weekend"),
        ("03-02 10:00", "1wd", 0.5, "03-03 09:30", "half of six hours today and seven tomorrow"),
        ("03-02 10:00", "30min", 2.0, "03-02 11:00", "overdue as long again"),
        ("03-02 23:00", "1wh", 1.0, "03-03 10:00", "due"),
    ],
)
def test_a_mark(start: str, rule: str, part: float, at: str, why: str) -> None:
    begun = day(start)
    assert CALENDAR.part_of(begun, CALENDAR.due(begun, rule).at, part, rule) == day(at), why


def test_after_a_pause_nobody_is_urged_for_the_time_that_stood_still() -> None:
    start, pauses = day("03-02 10:00"), (Pause(day("03-02 11:00"), day("03-16 11:00")),)
    due = CALENDAR.due(start, "24h", pauses).at
    assert CALENDAR.part_of(start, due, 0.5, "24h", pauses) == day("03-16 22:00")


@given(instants, rules, spans, spans)
def test_marks_are_in_order_and_outside_pauses(start: datetime, rule: str, later: timedelta, long: timedelta) -> None:
    pause = Pause(start + later, start + later + long)
    due = CALENDAR.due(start, rule, (pause,)).at
    marks = [CALENDAR.part_of(start, due, part, rule, (pause,)) for part in MARKS]
    assert marks == sorted(marks)
    assert marks[MARKS.index(1.0)] == due
    assert all(start <= mark for mark in marks)
    assert not any(pause.start < mark < (pause.end or mark) for mark in marks if mark < due)


@given(instants, rules)
def test_office_work_is_urged_in_office_hours(start: datetime, rule: str) -> None:
    due = CALENDAR.due(start, rule).at
    if rule.endswith(("wh", "wd")):
        for part in (0.5, 0.8):
            mark = CALENDAR.part_of(start, due, part, rule)
            assert CALENDAR.working_time(mark - timedelta(minutes=1), mark) > timedelta()
