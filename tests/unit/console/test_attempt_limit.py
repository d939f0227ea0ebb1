"""Attempts are limited by key, within a span of time that slides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import attempt_limit
from console.attempt_limit import AttemptLimit, TooManyAttempts


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limited(limit: AttemptLimit, key: str) -> float | None:
    """Try once; return the seconds to wait, None where it is allowed."""
    try:
        limit.take(key)
    except TooManyAttempts as wait:
        return wait.seconds
    return None


def test_an_attempt_is_allowed_again_when_the_first_is_old() -> None:
    clock = Clock()
    limit = AttemptLimit(2, 60, clock)
    assert limited(limit, "a") is None
    clock.now = 20
    assert limited(limit, "a") is None
    clock.now = 50
    assert limited(limit, "a") == 10
    assert limited(limit, "b") is None
    clock.now = 60
    assert limited(limit, "a") is None
    assert limited(limit, "a") == 20


@given(st.integers(1, 5), st.lists(st.integers(0, 100), max_size=60))
def test_no_span_has_more_attempts_than_are_allowed(most: int, pauses: list[int]) -> None:
    clock, allowed = Clock(), []
    limit = AttemptLimit(most, 60, clock)
    for pause in pauses:
        clock.now += pause
        wait = limited(limit, "a")
        if wait is None:
            allowed.append(clock.now)
        else:
            assert 0 < wait <= 60
    for index, first in enumerate(allowed):
        assert sum(first <= at < first + 60 for at in allowed[index:]) <= most


def test_what_is_remembered_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_limit, "MAX_REMEMBERED", 3)
    limit = AttemptLimit(1, 60, Clock())
    for key in "abcd":
        limit.count(key)
    assert [limited(limit, key) is None for key in "bcd"] == [False, False, False]
    assert limited(limit, "a") is None
