"""A ticket's reactions to dispatch and timers: the usual way, and late facts."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.effects import ArmTimer, CancelTimer
from chassis.persistence import converter
from contracts.codes import Closure, Likeness
from services.tickets.domain import operator_commands, resident_commands
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.coordinates import Point
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import COMPARE, WATCHDOG, SelfVerification, Ticket
from tests.unit.tickets.tickets import DAY, RULES, T0, brought_to, said, ticket


def test_the_whole_way() -> None:
    one = ticket()
    assert said(one.open(RULES)) == ["ticket.opened"]
    one.case_started("property")
    assert (one.state, one.level) == (State.HANDLING, "property")
    assert said(one.case_completed(1, ["yangguang-property"], "property")) == ["ticket.handled"]
    one.verification_assigned(1)
    assert one.state is State.VERIFYING
    assert said(one.verification_done(1, "grid-worker-1", True, RULES, T0)) == ["ticket.verified"]
    assert one.state is State.REVISITING
    assert said(resident_commands.rate(one, resolved=True, satisfied=True, at=T0)) == ["ticket.rated", "ticket.closed"]
    assert (one.state, one.closure, one.closed_at) == (State.CLOSED, Closure.SATISFIED, T0)


def test_opening_arms_the_watchdog_for_as_long_as_the_deployment_says() -> None:
    outcome = ticket().open(Rules(watchdog=timedelta(seconds=90)))
    assert [effect.due for effect in outcome if isinstance(effect, ArmTimer)] == [T0 + timedelta(seconds=90)]


@pytest.mark.parametrize(
    ("known", "compared"),
    [
        ({}, False),
        ({"place": Point(34.3, 108.9)}, True),
        ({"address_key": "a"}, True),
        ({"reporter_key": "r"}, True),
    ],
)
def test_only_a_ticket_of_which_something_is_known_is_compared(known: dict[str, Any], compared: bool) -> None:
    armed = {effect.name for effect in ticket(**known).open(RULES) if isinstance(effect, ArmTimer)}
    assert armed == {WATCHDOG, COMPARE} if compared else {WATCHDOG}


def test_every_clock_runs_from_the_time_of_receipt() -> None:
    """Nobody can have been late before anybody was told."""
    late = ticket(occurred_at=T0 - 3 * DAY, address_key="a", reporter_key="r")
    outcome = late.open(RULES)
    plain = ticket(address_key="a", reporter_key="r").open(RULES)
    assert [one for one in outcome if isinstance(one, ArmTimer)] == [one for one in plain if isinstance(one, ArmTimer)]
    said_ = outcome.events[0].payload.to_wire()
    assert (said_["opened_at"], said_["occurred_at"]) == (T0.isoformat(), (T0 - 3 * DAY).isoformat())
    assert not {"address_key", "reporter_key"} & said_.keys()


def test_the_watchdog_goes_on_ringing_until_somebody_takes_it_up() -> None:
    one = ticket()
    one.open(RULES)
    outcome = one.unattended(1, RULES, T0 + timedelta(minutes=1))
    assert said(outcome) == ["ticket.unattended"]
    assert outcome.events[0].payload.by_name() == {"waited_seconds": 60}
    assert any(isinstance(effect, ArmTimer) for effect in outcome)
    assert CancelTimer("T1", WATCHDOG) in one.case_started()
    assert one.unattended(1, RULES, T0 + timedelta(minutes=2)) == ()


def test_a_reopened_ticket_is_watched_until_dispatch_names_somebody() -> None:
    one = brought_to(State.CLOSED)
    resident_commands.reopen(one, RULES, T0 + DAY)
    assert one.unattended(1, RULES, T0 + 2 * DAY) == (), "a watchdog of the older generation does nothing"
    rung = one.unattended(2, RULES, T0 + DAY + timedelta(minutes=1))
    assert rung.events[0].payload.by_name() == {"waited_seconds": 60}
    assert one.work_assigned(1, "property") == ()
    assert one.state is State.REOPENED
    assert CancelTimer("T1", WATCHDOG) in one.work_assigned(2, "mediation")
    assert (one.state, one.level) == (State.HANDLING, "mediation")


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


def test_no_answer_and_nobody_to_ask_are_counted_apart() -> None:
    silent, anonymous = brought_to(State.REVISITING), brought_to(State.VERIFYING, has_contact=False)
    silent.revisit_lapsed(1, T0 + 7 * DAY)
    anonymous.verification_done(1, "grid-worker-1", True, RULES, T0)
    assert (silent.closure, anonymous.closure) == (Closure.NO_ANSWER, Closure.NO_CONTACT)


def test_what_was_parked_and_is_solved_after_all_is_handled() -> None:
    one = brought_to(State.PARKED)
    assert said(one.case_completed(1, ["yangguang-property"])) == ["ticket.resumed", "ticket.handled"]
    assert (one.state, one.parked_for, one.review_at) == (State.HANDLED, None, None)
    assert operator_commands.review(one, RULES, T0 + 30 * DAY) == ()


@pytest.mark.parametrize("state", [State.REJECTED, State.MERGED, State.CANCELLED, State.CLOSED])
def test_what_comes_after_the_end_is_a_no_op(state: State) -> None:
    one = brought_to(state)
    for outcome in (
        one.case_started(),
        one.work_assigned(1, "property"),
        one.case_completed(1, ["a"]),
        one.verification_assigned(1),
        one.verification_done(1, "b", True, RULES, T0),
        one.revisit_lapsed(1, T0),
        one.unattended(1, RULES, T0),
        operator_commands.review(one, RULES, T0 + 30 * DAY),
    ):
        assert outcome == ()
    assert one.state is state


def test_what_was_proposed_before_it_said_by_what_was_by_place() -> None:
    """A document of 0.1.0 has none of the fields that 0.2.0 added."""
    added = {"looks_like_by", "address_key", "reporter_key", "occurred_at"}

    def read(one: Ticket) -> Ticket:
        document = {name: value for name, value in converter.unstructure(one).items() if name not in added}
        return converter.structure(document, Ticket)

    assert read(ticket(looks_like="T0")).looks_like_by == [Likeness.PLACE]
    plain = read(ticket())
    assert (plain.looks_like_by, plain.is_comparable, plain.matter_time) == ([], False, T0)
