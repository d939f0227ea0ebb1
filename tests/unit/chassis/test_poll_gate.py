"""A loop asks the store when something may be due, and about once a second otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chassis.persistence import poll_gate
from chassis.persistence.poll_gate import LOOK_EVERY, PollGate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)


class Machine:
    """A monotonic clock that is set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The clock that the lookout sees."""
    made = Machine()
    monkeypatch.setattr(poll_gate, "time", made)
    return made


@pytest.fixture
def versions() -> list[int]:
    """The last is the present one."""
    return [0]


@pytest.fixture
def watching(machine: Machine, versions: list[int]) -> PollGate:
    """It has looked once, and the first row is due soon."""
    made = PollGate(lambda: versions[-1])
    assert made.is_worth(NOW)
    made.saw(SOON)
    return made


def test_nothing_is_due_and_nothing_was_written(watching: PollGate) -> None:
    assert not watching.is_worth(NOW)
    assert not watching.is_worth(SOON - timedelta(microseconds=1))


def test_the_first_row_is_due(watching: PollGate) -> None:
    assert watching.is_worth(SOON)


def test_this_process_wrote_a_row(watching: PollGate, versions: list[int]) -> None:
    versions.append(1)
    assert watching.is_worth(NOW)
    watching.saw(None)
    assert not watching.is_worth(SOON)


def test_another_process_may_have_written_one(watching: PollGate, machine: Machine) -> None:
    machine.seconds += LOOK_EVERY
    assert watching.is_worth(NOW)


def test_a_look_that_failed_is_repeated(watching: PollGate, versions: list[int]) -> None:
    versions.append(1)
    assert watching.is_worth(NOW)
    assert watching.is_worth(NOW)


def test_what_is_written_during_a_look_is_looked_for_again(watching: PollGate, versions: list[int]) -> None:
    versions.append(1)
    assert watching.is_worth(NOW)
    versions.append(2)
    watching.saw(None)
    assert watching.is_worth(NOW)
