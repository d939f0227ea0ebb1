"""Alive means that every loop comes round; ready means that none reports an outage."""

import pytest

from chassis.observability.health import Health


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's seconds, which the test moves."""
    seconds = [1000.0]
    monkeypatch.setattr("chassis.observability.health.time.monotonic", lambda: seconds[0])
    return seconds


def test_a_loop_that_starts_is_trouble_until_it_works(now: list[float]) -> None:
    health = Health(heartbeat=now[0])
    health.report("relay", "starting")
    assert health.troubles() == {"relay": "starting"}
    health.report("relay", None)
    assert health.troubles() == {}


def test_what_keeps_a_loop_from_working_is_told_by_name(now: list[float]) -> None:
    health = Health(heartbeat=now[0])
    health.report("timers", "the store is unavailable")
    health.report("consume:tickets", None)
    health.report("relay", "the broker is unavailable")
    assert list(health.troubles()) == ["relay", "timers"]
    assert health.stuck() == []


def test_a_loop_that_does_not_come_round_is_stuck(now: list[float]) -> None:
    health = Health(stuck_after=60, heartbeat=now[0])
    health.report("relay", None)
    now[0] += 50
    health.beat()
    health.report("timers", "an outage is no standstill")
    now[0] += 20
    assert health.stuck() == ["relay"]
    assert health.heartbeat_age() == 20


def test_a_hub_that_stands_still_is_stuck(now: list[float]) -> None:
    health = Health(stuck_after=60, heartbeat=now[0])
    now[0] += 61
    assert health.stuck() == ["hub"]
    health.beat()
    assert health.stuck() == []
