"""Business time: it may jump, and it never goes back."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock, SharedClock, SystemClock

START = datetime(2026, 3, 3, tzinfo=UTC)


@given(st.lists(st.integers(-1000, 1000)))
def test_a_manual_clock_never_goes_back(jumps: list[int]) -> None:
    clock, latest = ManualClock(START), START
    for jump in jumps:
        clock.move_to(START + timedelta(seconds=jump))
        latest = max(latest, START + timedelta(seconds=jump))
        assert clock.now() == latest


def test_a_manual_clock_answers_in_utc() -> None:
    clock = ManualClock(START.astimezone(timezone(timedelta(hours=8))))
    assert clock.now().tzinfo is UTC
    clock.move_to((START + timedelta(hours=1)).astimezone(timezone(timedelta(hours=8))))
    assert clock.now() == START + timedelta(hours=1)
    assert clock.now().tzinfo is UTC


def test_a_shared_clock_without_its_file_is_the_machines(tmp_path: Path) -> None:
    before, now, after = SystemClock().now(), SharedClock(tmp_path / "clock").now(), SystemClock().now()
    assert before - timedelta(milliseconds=1) <= now <= after + timedelta(milliseconds=1)


def test_a_shared_clock_moves_for_everybody_who_reads_the_file(tmp_path: Path) -> None:
    mine, yours = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    mine.advance(3600)
    yours.advance(60.5)
    assert mine.offset() == yours.offset() == 3660.5
    ahead = yours.now() - SystemClock().now()
    assert timedelta(seconds=3659) < ahead <= timedelta(seconds=3660.5)
    assert yours.now().tzinfo is UTC
