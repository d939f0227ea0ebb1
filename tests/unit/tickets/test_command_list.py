"""The list of commands says what the commands themselves say, for any ticket at any time."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.effects import Refused
from contracts.codes import CommandRefusal, Urgency
from services.tickets.command_fields import WANTS
from services.tickets.domain import desk_corrections, mergers, resident_commands
from services.tickets.domain.allowed_commands import ALLOWED, Command, State
from services.tickets.domain.command_list import Standing, command_list
from services.tickets.domain.command_words import refusal_words
from services.tickets.domain.desk_corrections import Category
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from services.tickets.views import view
from tests.unit.tickets.test_commands import COMMANDS
from tests.unit.tickets.tickets import DAY, T0, brought_to, ticket

RULES = Rules(police_matters=frozenset({"domestic_violence", "suspected_crime"}))


def listed(one: Ticket, survivor: Ticket | None = None, days: float = 0) -> dict[Command, Standing]:
    """The list, so many days after everything happened."""
    return {found.command: found for found in command_list(one, survivor or one, RULES, T0 + days * DAY)}


def refused(one: Ticket, command: Command, days: float) -> bool:
    """Whether the command itself is refused then."""
    copy = deepcopy(one)
    try:
        if command is Command.MERGE:
            mergers.merge_into(copy, ticket(id="T9", category="leak"), False, RULES, T0)
        elif command is Command.CHANGE_CATEGORY:
            wanted = "suspected_crime" if one.category == "domestic_violence" else "leak"
            desk_corrections.change_category(copy, Category(wanted, Urgency.E1, False), RULES, T0)
        elif command is Command.REOPEN:
            resident_commands.reopen(copy, RULES, T0 + days * DAY)
        else:
            COMMANDS[command](copy)
    except Refused:
        return True
    return False


@given(
    state=st.sampled_from(State),
    category=st.sampled_from(["noise", "domestic_violence"]),
    urgency=st.sampled_from(Urgency),
    days=st.sampled_from([0, 13, 14, 14.1, 100]),
)
def test_it_agrees_with_the_commands_and_changes_nothing(state: State, category: str, urgency: Urgency, days: float) -> None:
    one = brought_to(state)
    one.category, one.urgency = category, urgency
    before, survivor = deepcopy(one), ticket(id="T2")
    found = listed(one, survivor, days)
    assert one == before
    assert list(found) == list(Command)
    for command, standing in found.items():
        assert (standing.refusal is not None) == refused(one, command, days), (command, standing)
        assert (standing.reason is not None) == (standing.refusal is not None)
        assert standing.refusal is None or state not in ALLOWED[command] or standing.refusal is not CommandRefusal.NOT_NOW


@pytest.mark.parametrize("state", list(State))
def test_it_agrees_with_what_the_reporter_may_ask(state: State) -> None:
    one = brought_to(state)
    survivor = brought_to(State.CLOSED, id="T2") if state is State.MERGED else one
    found = listed(one, survivor)
    requests = {request.value for request in view(one, RULES, survivor)["requests"]}
    assert requests == {name for name in ("rate", "reopen", "cancel") if found[Command(name)].refusal is None}


@pytest.mark.parametrize(
    ("one", "command", "days", "code"),
    [
        (brought_to(State.CLOSED), Command.REOPEN, 15, CommandRefusal.TOO_LATE),
        (brought_to(State.HANDLING), Command.REOPEN, 0, CommandRefusal.NOT_NOW),
        (brought_to(State.OPEN, urgency=Urgency.E0), Command.RAISE_URGENCY, 0, CommandRefusal.HIGHEST_URGENCY),
        (brought_to(State.OPEN, category="domestic_violence"), Command.MERGE, 0, CommandRefusal.POLICE_MATTER),
        (brought_to(State.REJECTED), Command.CORRECT_CONTACT, 0, CommandRefusal.NOT_NOW),
        (brought_to(State.MERGED), Command.PARK, 0, CommandRefusal.GOES_ON_ELSEWHERE),
    ],
)
def test_it_says_why_not(one: Ticket, command: Command, days: float, code: CommandRefusal) -> None:
    standing = listed(one, ticket(id="T2"), days)[command]
    assert standing.refusal is code
    assert standing.reason is not None
    assert all(standing.reason[language] for language in ("zh", "en"))


def test_what_is_not_possible_now_says_when_it_is() -> None:
    words = refusal_words(Command.MERGE, State.CLOSED, CommandRefusal.NOT_NOW)
    assert words == {
        "zh": "工单目前为“已办结”。并单只适用于“已受理”、“办理中”、“已重开”的工单。",
        "en": "The ticket is closed. To merge it is possible only while it is open, being handled or reopened.",
    }


def test_every_command_says_what_it_wants() -> None:
    assert set(WANTS) == set(Command)
    assert WANTS[Command.PARK] == ["reason", "review_at"]
    assert WANTS[Command.RATE] == ["request", "resolved", "satisfied"]
