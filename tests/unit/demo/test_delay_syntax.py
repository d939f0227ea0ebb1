"""The delays of people: the grammar, office hours, and the grid on which acts fall."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.delay_syntax import ActionTiming, BadDelay, Delay, after_office
from contracts.codes import Urgency
from tests.unit.demo.shipped import CALENDAR

PACE = ActionTiming(CALENDAR, timedelta(minutes=5), {Urgency.E0: 0.1, Urgency.E1: 0.5})
MOMENTS = st.datetimes(datetime(2026, 1, 5), datetime(2026, 11, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "least", "most", "office"),
    [("10min", 10, 10, False), ("5min..2h", 5, 120, False), ("1h .. 2d", 60, 2880, False), ("30wmin..2wh", 30, 120, True)],
)
def test_a_delay(text: str, least: int, most: int, office: bool) -> None:
    assert Delay.parse(text) == Delay(least, most, office)


@pytest.mark.parametrize(
    "text", ["", "soon", "5", "5min..", "..5min", "5min...6min", "2h..1h", "1h..2wh", "1wd", "-1h", "1h-2h"]
)
def test_what_is_no_delay(text: str) -> None:
    with pytest.raises(BadDelay):
        Delay.parse(text)


@given(MOMENTS, st.integers(0, 3000), st.integers(0, 3000), st.booleans(), st.sampled_from(list(Urgency)), st.integers())
def test_an_act_is_later_and_on_the_grid(at: datetime, a: int, b: int, office: bool, urgency: Urgency, seed: int) -> None:
    delay = Delay(min(a, b), max(a, b), office)
    due = PACE.due(at, delay, urgency, Random(seed))
    assert due > at
    local = due.astimezone(CALENDAR.zone)
    assert (local.minute % 5, local.second, local.microsecond) == (0, 0, 0)
    if not office:
        assert due <= at + timedelta(minutes=delay.most + 5, seconds=1)


@given(MOMENTS, st.integers(1, 3000), st.sampled_from([Urgency.E2, Urgency.E3]))
def test_office_time_is_counted_as_the_calendar_counts_it(at: datetime, minutes: int, urgency: Urgency) -> None:
    span = timedelta(minutes=minutes)
    end = after_office(CALENDAR, at, span)
    assert CALENDAR.working_time(at, end) == span
    assert PACE.due(at, Delay(minutes, minutes, True), urgency, Random(1)) == PACE.on_grid(end)


def test_what_is_urgent_is_done_round_the_clock_and_faster() -> None:
    night = datetime(2026, 3, 2, 16, tzinfo=UTC)  # midnight in Xi'an
    hour = Delay(60, 60, True)
    assert PACE.due(night, hour, Urgency.E2, Random(1)) == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert PACE.due(night, hour, Urgency.E1, Random(1)) == night + timedelta(minutes=30)
    assert PACE.due(night, hour, Urgency.E0, Random(1)) == night + timedelta(minutes=10)
