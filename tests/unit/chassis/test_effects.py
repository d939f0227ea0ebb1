"""The effects of a domain method keep the order in which they happened."""

from datetime import UTC, datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects
from contracts.events.dispatch import CaseResumed

DONE = DomainEvent(CaseResumed(level="property", generation=2), "t-1")
ARM = ArmTimer("t-1", "sign", datetime(2026, 3, 3, tzinfo=UTC), 2)
DISARM = CancelTimer("t-1", "report_in")


def test_outcomes_add_up_in_order_and_stay_outcomes() -> None:
    both = Effects(DISARM) + Effects(DONE, ARM)
    assert isinstance(both, Effects)
    assert list(both) == [DISARM, DONE, ARM]
    assert both.events == [DONE]


def test_the_empty_outcome_changes_nothing() -> None:
    assert not NO_EFFECTS
    assert NO_EFFECTS + Effects(DONE) == Effects(DONE) + NO_EFFECTS == Effects(DONE)
    assert NO_EFFECTS.events == []
