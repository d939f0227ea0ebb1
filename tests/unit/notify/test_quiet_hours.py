"""Quiet hours and paces: nothing that is not urgent goes out at night, nothing is lost, and no minute is too full."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.quiet_hours import QuietHours, QuietSchedule
from services.notify.domain.rate_limit import RateLimit

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(time(22), time(7, 30), SHANGHAI)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
# zones whose clocks are put forward and back, by an hour and by half of one, and at midnight
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-04T21:59:59", None),
        ("2026-03-04T22:00:00", "2026-03-05T07:30:00"),
        ("2026-03-05T07:29:59", "2026-03-05T07:30:00"),
        ("2026-03-05T07:30:00", None),
    ],
)
def test_a_night_in_shanghai(at: str, until: str | None) -> None:
    found = NIGHT.until(datetime.fromisoformat(at).replace(tzinfo=SHANGHAI))
    assert found == (datetime.fromisoformat(until).replace(tzinfo=SHANGHAI) if until else None)


@given(TIMES, TIMES, ZONES, INSTANTS, st.booleans())
def test_what_is_not_urgent_is_never_due_within_quiet_hours_and_is_due_some_day(
    begin: time, end: time, zone: ZoneInfo, at: datetime, urgent: bool
) -> None:
    hours = QuietHours(begin, end, zone)
    until = QuietSchedule({"resident": hours}).until("resident", urgent, at)
    if urgent:
        assert until is None
        return
    assert not hours.contains(until or at)
    assert (until is None) == (not hours.contains(at))
    assert at < (until or at + timedelta(1)) <= at + timedelta(hours=26)


@given(TIMES, TIMES, ZONES, INSTANTS)
def test_it_waits_no_longer_than_it_must(begin: time, end: time, zone: ZoneInfo, at: datetime) -> None:
    hours = QuietHours(begin, end, zone)
    until = hours.until(at)
    before = until - timedelta(minutes=1) if until else at
    assert until is None or before < at or hours.contains(before)


def test_who_has_no_quiet_hours_waits_for_none() -> None:
    at = datetime(2026, 3, 4, 23, tzinfo=SHANGHAI)
    assert QuietSchedule({"resident": NIGHT}).until("duty", False, at) is None
    assert QuietSchedule().until("resident", False, at) is None


@given(st.integers(1, 1000), st.lists(st.floats(0, 30), max_size=200))
def test_no_minute_has_more_than_the_channel_may_send(per_minute: int, asked_after: list[float]) -> None:
    rate_limit, now, free_at, gone = RateLimit(per_minute), datetime(2026, 3, 4, tzinfo=UTC), None, []
    for seconds in asked_after:
        now += timedelta(seconds=seconds / per_minute)
        if rate_limit.allows(free_at, now):
            free_at = rate_limit.next_free(now)
            gone.append(now)
    for begin in gone:
        assert sum(begin <= at < begin + timedelta(minutes=1) for at in gone) <= per_minute


def test_a_pace_is_no_slower_than_it_must_be() -> None:
    rate_limit, now = RateLimit(60), datetime(2026, 3, 4, tzinfo=UTC)
    assert rate_limit.allows(None, now)
    assert [rate_limit.allows(rate_limit.next_free(now), now + timedelta(seconds=after)) for after in (0.9, 1)] == [False, True]
