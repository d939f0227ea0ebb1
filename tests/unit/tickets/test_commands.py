"""The commands on a ticket: the table of allowed states, and each command's own conditions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, Effects, Refused
from contracts.codes import Closure, RejectReason, ReworkCause, Urgency
from services.tickets.domain import desk_corrections, mergers, operator_commands, resident_commands
from services.tickets.domain.allowed_commands import (
    ALLOWED,
    BEFORE_HANDLED,
    FINAL,
    OPEN_STATES,
    Command,
    NotNow,
    State,
    require,
)
from services.tickets.domain.desk_corrections import Category
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import REVIEW, REVISIT, WATCHDOG, Ticket
from tests.unit.tickets.tickets import DAY, RULES, T0, brought_to, said, ticket

LEAK = Category("leak", Urgency.E1, False)
COMMANDS: dict[Command, Callable[[Ticket], Effects]] = {
    Command.REJECT: lambda one: operator_commands.reject(one, RejectReason.IN_COURT),
    Command.MERGE: lambda one: mergers.merge(one, ticket(id="T9")),
    Command.PARK: lambda one: operator_commands.park(one, "awaits_budget", T0 + DAY, T0),
    Command.RESUME: lambda one: operator_commands.resume(one, RULES, T0),
    Command.RAISE_URGENCY: lambda one: operator_commands.raise_urgency(one, Urgency.E0),
    Command.RATE: lambda one: resident_commands.rate(one, True, True, T0),
    Command.REOPEN: lambda one: resident_commands.reopen(one, RULES, T0),
    Command.CANCEL: lambda one: resident_commands.cancel(one),
    Command.CHANGE_CATEGORY: lambda one: desk_corrections.change_category(one, LEAK, RULES, T0),
    Command.CORRECT_CONTACT: lambda one: desk_corrections.correct_contact(one, True, "r"),
    Command.NOTE: lambda one: require(Command.NOTE, one.state) or NO_EFFECTS,
    Command.SPLIT: lambda one: require(Command.SPLIT, one.state) or NO_EFFECTS,
}
SILENT = {Command.CORRECT_CONTACT, Command.NOTE, Command.SPLIT}
"""Commands that publish nothing about the ticket, or private data alone."""

# rows: where the ticket stands; columns: what is wanted; where it then stands
TABLE = """
             reject    merge   park    resume    raise_urgency  rate    reopen    cancel
open         rejected  merged  parked  -         open           -       -         cancelled
reopened     rejected  merged  parked  -         reopened       -       -         cancelled
handling     rejected  merged  parked  -         handling       -       -         cancelled
handled      -         -       parked  -         handled        -       -         cancelled
verifying    -         -       parked  -         verifying      -       -         cancelled
revisiting   -         -       parked  -         revisiting     closed  -         cancelled
parked       -         -       -       handling  parked         -       -         cancelled
closed       -         -       -       -         -              -       reopened  -
rejected     -         -       -       -         -              -       -         -
merged       -         -       -       -         -              -       -         -
cancelled    -         -       -       -         -              -       -         -
"""
CORRECTIONS = """
             change_category  correct_contact  note         split
open         open             open             open         open
reopened     reopened         reopened         reopened     reopened
handling     handling         handling         handling     handling
handled      -                handled          handled      handled
verifying    -                verifying        verifying    verifying
revisiting   -                revisiting       revisiting   revisiting
parked       -                parked           parked       parked
closed       -                closed           closed       -
rejected     -                -                rejected     -
merged       -                merged           merged       -
cancelled    -                -                cancelled    -
"""


def cells(table: str) -> list[tuple[State, Command, str]]:
    """Return the cells of a table: the state, the command, and where it leads."""
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [(State(row[0]), Command(name), leads) for row in rows for name, leads in zip(head, row[1:], strict=True)]


CELLS = cells(TABLE) + cells(CORRECTIONS)


def test_the_table_is_whole() -> None:
    assert {(state, command) for state, command, _ in CELLS} == {(state, command) for state in State for command in Command}
    assert set(COMMANDS) == set(ALLOWED) == set(Command)
    assert not FINAL & OPEN_STATES
    assert FINAL | OPEN_STATES | {State.CLOSED} == set(State)


@pytest.mark.parametrize(("state", "command", "leads"), CELLS, ids=[f"{state}-{command}" for state, command, _ in CELLS])
def test_what_is_allowed_where_and_where_it_leads(state: State, command: Command, leads: str) -> None:
    one = brought_to(state)
    before = vars(one).copy()
    if leads == "-":
        with pytest.raises(NotNow, match=rf"{command.value}: not while the ticket is {state.value}"):
            COMMANDS[command](one)
        assert vars(one) == before
    else:
        assert bool(COMMANDS[command](one)) == (command not in SILENT)
        assert one.state is State(leads)


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
    one = brought_to(State.REVISITING)
    rated = resident_commands.rate(one, resolved, satisfied, T0)
    assert rated.events[0].payload.by_name() == {"generation": 1, "resolved": resolved, "satisfied": satisfied}
    assert (one.state, one.closure) == (state, closure)
    assert CancelTimer("T1", REVISIT) in rated


@pytest.mark.parametrize(("after", "allowed"), [(0 * DAY, True), (14 * DAY, True), (14 * DAY + timedelta(seconds=1), False)])
def test_a_closed_ticket_is_reopened_within_its_time(after: timedelta, allowed: bool) -> None:
    one = brought_to(State.CLOSED)
    if allowed:
        reopened = resident_commands.reopen(one, RULES, T0 + after)
        assert said(reopened) == ["ticket.reopened"]
        assert (one.state, one.generation, one.closure, one.handled_by) == (State.REOPENED, 2, None, [])
        assert ArmTimer("T1", WATCHDOG, T0 + after + RULES.watchdog, 2) in reopened
    else:
        with pytest.raises(resident_commands.TooLate):
            resident_commands.reopen(one, RULES, T0 + after)
        assert one.state is State.CLOSED


def test_how_long_it_may_be_reopened_is_the_deployments() -> None:
    with pytest.raises(resident_commands.TooLate):
        resident_commands.reopen(brought_to(State.CLOSED), Rules(reopen=DAY), T0 + 2 * DAY)


@pytest.mark.parametrize("state", sorted(OPEN_STATES - {State.PARKED}))
def test_parking_waits_for_the_review_date_alone(state: State) -> None:
    parked = operator_commands.park(brought_to(state), "awaits_budget", T0 + DAY, T0)
    assert parked.events[0].payload.by_name() == {"reason": "awaits_budget", "review_at": T0 + DAY}
    armed = [effect for effect in parked if isinstance(effect, ArmTimer)]
    assert [(one.name, one.due) for one in armed] == [(REVIEW, T0 + DAY)]
    assert {effect.name for effect in parked if isinstance(effect, CancelTimer)} == {WATCHDOG, REVISIT}


def test_a_review_date_is_ahead() -> None:
    with pytest.raises(operator_commands.NotLater):
        operator_commands.park(brought_to(State.HANDLING), "awaits_budget", T0, T0)


def test_the_review_date_brings_it_back_to_work() -> None:
    one = brought_to(State.PARKED)
    assert operator_commands.review(one, RULES, T0 + 29 * DAY) == (), "a timer of an earlier parking does nothing"
    assert said(operator_commands.review(one, RULES, T0 + 30 * DAY)) == ["ticket.resumed"]
    assert (one.state, one.generation) == (State.HANDLING, 1)


@pytest.mark.parametrize("state", [State.HANDLED, State.VERIFYING, State.REVISITING])
def test_parked_after_it_was_handled_it_is_worked_on_anew(state: State) -> None:
    """No verification, nor answer, of what was parked may close it."""
    one = brought_to(state)
    operator_commands.park(one, "awaits_budget", T0 + DAY, T0)
    resumed = operator_commands.resume(one, RULES, T0)
    assert said(resumed) == ["ticket.resumed", "ticket.rework_ordered"]
    assert resumed.events[1].payload.by_name() == {"generation": 2, "cause": ReworkCause.VERIFICATION}
    assert one.verification_done(1, "grid-worker-1", True, RULES, T0) == ()
    assert (one.state, one.generation, one.handled_by) == (State.HANDLING, 2, [])


def test_parked_before_dispatch_took_it_up_it_is_watched_again() -> None:
    one = brought_to(State.OPEN)
    operator_commands.park(one, "awaits_budget", T0 + DAY, T0)
    assert one.unattended(1, RULES, T0 + timedelta(minutes=1)) == ()
    assert ArmTimer("T1", WATCHDOG, T0 + DAY + RULES.watchdog, 1) in operator_commands.review(one, RULES, T0 + DAY)
    assert said(one.unattended(1, RULES, T0 + 2 * DAY)) == ["ticket.unattended"]


def test_parked_while_dispatch_took_it_up_it_is_not() -> None:
    one = brought_to(State.OPEN)
    operator_commands.park(one, "awaits_budget", T0 + DAY, T0)
    one.case_started("property")
    assert one.state is State.PARKED
    assert not [effect for effect in operator_commands.resume(one, RULES, T0) if isinstance(effect, ArmTimer)]


@pytest.mark.parametrize("before", list(Urgency))
@pytest.mark.parametrize("after", list(Urgency))
def test_urgency_is_raised_and_never_lowered(before: Urgency, after: Urgency) -> None:
    one = brought_to(State.HANDLING, urgency=before)
    if after.value < before.value:
        assert said(operator_commands.raise_urgency(one, after)) == ["ticket.urgency_raised"]
        assert one.urgency is after
    else:
        with pytest.raises(operator_commands.NotRaised):
            operator_commands.raise_urgency(one, after)
        assert one.urgency is before


@pytest.mark.parametrize("state", sorted(FINAL | {State.CLOSED}))
def test_nothing_is_merged_into_what_is_over(state: State) -> None:
    one, survivor = brought_to(State.HANDLING), brought_to(state, id="T3")
    with pytest.raises(mergers.BadSurvivor, match=state.value):
        mergers.merge(one, survivor)
    assert (one.state, survivor.followers) == (State.HANDLING, [])


def test_nothing_is_merged_into_itself() -> None:
    one = brought_to(State.OPEN)
    with pytest.raises(mergers.BadSurvivor, match="same"):
        mergers.merge(one, one)


def test_the_survivor_takes_over_everybody() -> None:
    first, second, last = (ticket(id=name, has_contact=name == "T1") for name in ("T1", "T2", "T3"))
    mergers.merge(first, second)
    assert (second.followers, second.has_contact) == (["T1"], True)
    merged = mergers.merge(second, last)
    assert merged.events[0].payload.by_name() == {"into": "T3", "generation": 1}
    assert (last.followers, last.has_contact) == (["T2", "T1"], True)
    assert [one.merged_into for one in (first, second, last)] == ["T2", "T3", None]


@pytest.mark.parametrize("before", list(Urgency))
@pytest.mark.parametrize("merged", list(Urgency))
def test_the_survivor_is_as_urgent_as_the_more_urgent_of_both(before: Urgency, merged: Urgency) -> None:
    survivor, one = brought_to(State.REVISITING, id="T3", urgency=before), brought_to(State.HANDLING, urgency=merged)
    raised = ["ticket.urgency_raised"] if merged.value < before.value else []
    assert said(mergers.take_urgency(survivor, one)) == raised
    assert survivor.urgency.value == min(before.value, merged.value)


@pytest.mark.parametrize("state", sorted(BEFORE_HANDLED))
def test_what_is_over_waits_for_nothing(state: State) -> None:
    def disarmed(change: Callable[[Any], Effects]) -> set[str]:
        return {effect.name for effect in change(brought_to(state)) if isinstance(effect, CancelTimer)}

    for command in (Command.REJECT, Command.MERGE, Command.CANCEL):
        assert disarmed(COMMANDS[command]) == {WATCHDOG, REVISIT, REVIEW}


def test_every_refusal_is_one_that_a_person_is_told() -> None:
    assert all(
        issubclass(kind, Refused)
        for kind in (
            NotNow,
            mergers.BadSurvivor,
            operator_commands.NotLater,
            operator_commands.NotRaised,
            resident_commands.TooLate,
        )
    )
