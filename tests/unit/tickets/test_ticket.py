"""The ticket's rules: a table of the way it goes, and a machine that tries every other way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.outcome import Arm, Outcome
from contracts.codes import Channel, Closure, Urgency
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import NotAsked, SelfVerification, State, Ticket

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = Rules()


def ticket(**changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "id": "T1",
        "category": "noise",
        "area": "shanqi-1",
        "estate": "yangguang",
        "urgency": Urgency.E2,
        "dispute": True,
        "channel": Channel.HOTLINE,
        "opened_at": T0,
        "has_contact": True,
        "private_digest": "d",
    }
    return Ticket(**values | changes)


def said(outcome: Outcome) -> list[str]:
    """What an outcome publishes, by type and in order."""
    return [happened.schema.type.rpartition(".v")[0] for happened in outcome.events]


def revisiting(**changes: Any) -> Ticket:
    one = ticket(**changes)
    one.open(RULES)
    one.case_started()
    one.case_completed(1, ["yangguang-property"])
    one.verification_assigned(1)
    one.verification_done(1, "grid-worker-1", True, RULES, T0)
    return one


def test_the_whole_way() -> None:
    one = ticket()
    assert said(one.open(RULES)) == ["ticket.opened"]
    one.case_started()
    assert one.state is State.HANDLING
    assert said(one.case_completed(1, ["yangguang-property"])) == ["ticket.handled"]
    one.verification_assigned(1)
    assert one.state is State.VERIFYING
    assert said(one.verification_done(1, "grid-worker-1", True, RULES, T0)) == ["ticket.verified"]
    assert one.state is State.REVISITING
    assert said(one.rated(resolved=True, satisfied=True)) == ["ticket.rated", "ticket.closed"]
    assert (one.state, one.closure) == (State.CLOSED, Closure.SATISFIED)


def test_opening_arms_the_watchdog_for_as_long_as_the_deployment_says() -> None:
    outcome = ticket().open(Rules(watchdog=timedelta(seconds=90)))
    assert [effect.due for effect in outcome if isinstance(effect, Arm)] == [T0 + timedelta(seconds=90)]


def test_the_watchdog_goes_on_ringing_until_somebody_takes_it_up() -> None:
    one = ticket()
    one.open(RULES)
    outcome = one.unattended(RULES, T0 + timedelta(minutes=1))
    assert said(outcome) == ["ticket.unattended"]
    assert any(isinstance(effect, Arm) for effect in outcome)
    one.case_started()
    assert one.unattended(RULES, T0 + timedelta(minutes=2)) == ()


def test_who_handled_it_may_not_verify_it() -> None:
    one = ticket()
    one.case_completed(1, ["yangguang-property"])
    with pytest.raises(SelfVerification, match="yangguang-property"):
        one.verification_done(1, "yangguang-property", True, RULES, T0)
    assert one.state is State.HANDLED


def test_a_failed_verification_is_rework_in_a_new_generation() -> None:
    one = ticket()
    one.case_completed(1, ["yangguang-property"])
    assert said(one.verification_done(1, "grid-worker-1", False, RULES, T0)) == ["ticket.rework_ordered"]
    assert (one.state, one.generation, one.handled_by) == (State.HANDLING, 2, [])


@pytest.mark.parametrize(
    ("resolved", "satisfied", "state", "closure"),
    [
        (True, True, State.CLOSED, Closure.SATISFIED),
        (True, False, State.CLOSED, Closure.DISSATISFIED),
        (False, False, State.HANDLING, None),
        (False, True, State.HANDLING, None),
    ],
)
def test_what_the_resident_says_decides(resolved: bool, satisfied: bool, state: State, closure: Closure | None) -> None:
    one = revisiting()
    one.rated(resolved, satisfied)
    assert (one.state, one.closure) == (state, closure)


def test_no_answer_and_nobody_to_ask_are_counted_apart() -> None:
    silent, anonymous = revisiting(), revisiting(has_contact=False)
    silent.revisit_lapsed(1)
    assert (silent.closure, anonymous.closure) == (Closure.NO_ANSWER, Closure.NO_CONTACT)


def test_the_resident_is_not_asked_before_it_is_verified() -> None:
    with pytest.raises(NotAsked, match="open"):
        ticket().rated(resolved=True, satisfied=True)


class AnyOrder(RuleBasedStateMachine):
    """Facts in any order and of any generation, as a queue may deliver them after outages."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket = ticket()
        self.closures = 0
        self.handled: dict[int, list[str]] = {}

    def note(self, outcome: Outcome) -> None:
        for happened in outcome.events:
            self.closures += happened.schema.type == "ticket.closed.v1"
            if happened.schema.type == "ticket.verified.v1":
                assert happened.data["verified_by"] not in self.handled[happened.data["generation"]]

    @rule()
    def started(self) -> None:
        self.note(self.ticket.case_started())

    @rule(generation=st.integers(1, 4), by=st.sampled_from(["a", "b"]))
    def completed(self, generation: int, by: str) -> None:
        before = self.ticket.state
        outcome = self.ticket.case_completed(generation, [by])
        if outcome:
            assert before in {State.OPEN, State.HANDLING}
            self.handled[generation] = [by]
        self.note(outcome)

    @rule(generation=st.integers(1, 4), by=st.sampled_from(["a", "b"]), passed=st.booleans())
    def verified(self, generation: int, by: str, passed: bool) -> None:
        try:
            self.note(self.ticket.verification_done(generation, by, passed, RULES, T0))
        except SelfVerification:
            assert by in self.ticket.handled_by

    @rule(resolved=st.booleans(), satisfied=st.booleans())
    def rated(self, resolved: bool, satisfied: bool) -> None:
        try:
            self.note(self.ticket.rated(resolved, satisfied))
        except NotAsked:
            assert self.ticket.state is not State.REVISITING

    @rule(generation=st.integers(1, 4))
    def lapsed(self, generation: int) -> None:
        self.note(self.ticket.revisit_lapsed(generation))

    @precondition(lambda self: self.ticket.state is State.CLOSED)
    @rule()
    def nothing_reopens_by_itself(self) -> None:
        assert self.ticket.case_completed(self.ticket.generation, ["a"]) == ()

    @invariant()
    def closed_once_and_with_a_reason(self) -> None:
        assert self.closures == (self.ticket.state is State.CLOSED)
        assert (self.ticket.closure is not None) == (self.ticket.state is State.CLOSED)


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase
