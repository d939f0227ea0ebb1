"""The list of commands on a ticket: which it allows as it stands, and why it refuses the others.

Each command's own rule is tried on a copy of the ticket, with the most favourable values. So the list has no rules of its own
and always agrees with the commands.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.effects import Refused
from contracts.codes import CommandRefusal, RejectReason, Urgency
from services.tickets.domain import desk_corrections, mergers, operator_commands, resident_commands
from services.tickets.domain.allowed_commands import Command, NotNow, State, require
from services.tickets.domain.command_words import refusal_words
from services.tickets.domain.desk_corrections import Category
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket

_OTHER = "other"
"""The id and the category of a ticket that any other may be merged into."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A command, and why the ticket refuses it; no ``refusal`` and no ``reason`` where it is allowed. ``reason`` is by
    language.
    """

    command: Command
    refusal: CommandRefusal | None = None
    reason: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Trial:
    """A copy of a ticket on which one command is tried, and a copy of its survivor."""

    ticket: Ticket
    survivor: Ticket
    rules: Rules
    at: datetime


def command_list(ticket: Ticket, survivor: Ticket, rules: Rules, at: datetime) -> list[Standing]:
    """Return the standing of every command. ``survivor`` is the ticket itself, or what it was merged into at last."""
    return [_standing(command, _Trial(deepcopy(ticket), deepcopy(survivor), rules, at)) for command in Command]


def _standing(command: Command, trial: _Trial) -> Standing:
    state = trial.ticket.state
    try:
        _TRIALS[command](trial)
    except Refused as refused:
        code = _code(refused, state)
        return Standing(command, code, refusal_words(command, state, code))
    return Standing(command)


def _code(refused: Refused, state: State) -> CommandRefusal:
    """Return the code of a refusal. Raises the refusal itself where no code is declared for it."""
    for kind, code in _CODES.items():
        if isinstance(refused, kind):
            left = code is CommandRefusal.NOT_NOW and state is State.MERGED
            return CommandRefusal.GOES_ON_ELSEWHERE if left else code
    raise refused


def _merge(trial: _Trial) -> None:
    other = replace(deepcopy(trial.ticket), id=_OTHER, category=_OTHER, state=State.OPEN, merged_into=None)
    mergers.merge_into(trial.ticket, other, False, trial.rules, trial.at)


def _category(trial: _Trial) -> Category:
    """Return a category that the ticket may have instead of its own: where it is a police matter, another one of those."""
    police = trial.rules.police_matters
    others = sorted(police - {trial.ticket.category}) if trial.ticket.category in police else []
    return Category(others[0] if others else _OTHER, Urgency.E3, False)


def _reopen(trial: _Trial) -> None:
    if trial.ticket.state is State.MERGED:
        mergers.check_reopening(trial.survivor, trial.rules, trial.at)
    else:
        resident_commands.reopen(trial.ticket, trial.rules, trial.at)


_CODES: Mapping[type[Refused], CommandRefusal] = {
    NotNow: CommandRefusal.NOT_NOW,
    resident_commands.TooLate: CommandRefusal.TOO_LATE,
    operator_commands.NotRaised: CommandRefusal.HIGHEST_URGENCY,
    mergers.PoliceMatter: CommandRefusal.POLICE_MATTER,
    desk_corrections.StaysWithPolice: CommandRefusal.POLICE_MATTER,
}
_TRIALS: Mapping[Command, Callable[[_Trial], object]] = {
    Command.REJECT: lambda on: operator_commands.reject(on.ticket, RejectReason.NO_MATTER),
    Command.MERGE: _merge,
    Command.PARK: lambda on: operator_commands.park(on.ticket, _OTHER, on.at + timedelta(days=1), on.at),
    Command.RESUME: lambda on: operator_commands.resume(on.ticket, on.rules, on.at),
    Command.RAISE_URGENCY: lambda on: operator_commands.raise_urgency(on.ticket, Urgency.E0),
    Command.RATE: lambda on: resident_commands.rate(on.ticket, True, True, on.at),
    Command.REOPEN: _reopen,
    Command.CANCEL: lambda on: resident_commands.cancel(on.ticket),
    Command.CHANGE_CATEGORY: lambda on: desk_corrections.change_category(on.ticket, _category(on), on.rules, on.at),
    Command.CORRECT_CONTACT: lambda on: desk_corrections.correct_contact(on.ticket, True, None),
    Command.NOTE: lambda on: require(Command.NOTE, on.ticket.state),
    Command.SPLIT: lambda on: require(Command.SPLIT, on.ticket.state),
}
