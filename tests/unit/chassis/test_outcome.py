"""What a domain method answers: effects in the order they happened."""

from datetime import UTC, datetime

from chassis.outcome import NOTHING, Arm, Disarm, Happened, Outcome
from contracts.events.dispatch import CaseResumed

DONE = Happened(CaseResumed(level="property", generation=2), "t-1")
ARM = Arm("t-1", "sign", datetime(2026, 3, 3, tzinfo=UTC), 2)
DISARM = Disarm("t-1", "report_in")


def test_outcomes_add_up_in_order_and_stay_outcomes() -> None:
    both = Outcome(DISARM) + Outcome(DONE, ARM)
    assert isinstance(both, Outcome)
    assert list(both) == [DISARM, DONE, ARM]
    assert both.events == [DONE]


def test_the_empty_outcome_changes_nothing() -> None:
    assert not NOTHING
    assert NOTHING + Outcome(DONE) == Outcome(DONE) + NOTHING == Outcome(DONE)
    assert NOTHING.events == []
