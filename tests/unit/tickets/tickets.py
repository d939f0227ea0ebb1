"""Tickets for the tests, brought to any state the way a real one comes there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.effects import Effects
from contracts.codes import Channel, RejectReason, Urgency
from services.tickets.domain import mergers, operator_commands, resident_commands
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = Rules()
DAY = timedelta(days=1)


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


def said(outcome: Effects) -> list[str]:
    """Return the events of an outcome, by type and in order."""
    return [happened.payload.type.rpartition(".v")[0] for happened in outcome.events]


def brought_to(state: State, **changes: Any) -> Ticket:
    """A ticket in that state, by its shortest way; everything happens at T0."""
    one = ticket(**changes)
    one.open(RULES)
    match state:
        case State.OPEN:
            return one
        case State.REJECTED:
            operator_commands.reject(one, RejectReason.ABUSE)
        case State.MERGED:
            mergers.merge(one, ticket(id="T2"))
        case State.CANCELLED:
            resident_commands.cancel(one)
        case State.PARKED:
            one.case_started()
            operator_commands.park(one, "awaits_budget", T0 + 30 * DAY, T0)
        case _:
            _worked_on(one, state)
    assert one.state is state
    return one


def _worked_on(one: Ticket, state: State) -> None:
    steps = {
        State.HANDLING: lambda: one.case_started("property"),
        State.HANDLED: lambda: one.case_completed(1, ["yangguang-property"], "property"),
        State.VERIFYING: lambda: one.verification_assigned(1),
        State.REVISITING: lambda: one.verification_done(1, "grid-worker-1", True, RULES, T0),
        State.CLOSED: lambda: resident_commands.rate(one, True, True, T0),
        State.REOPENED: lambda: resident_commands.reopen(one, RULES, T0),
    }
    for reached, step in steps.items():
        step()
        if reached is state:
            return
