"""The steps that behaviour.yaml may name: each is a command, its sender, and its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.codes import Command, RejectReason, Request, Urgency
from contracts.http import tickets as http


class By(StrEnum):
    """The sender of a command."""

    UNIT = "unit"
    """The unit that was asked: `report.filed`."""
    SUPERVISOR = "supervisor"
    """The community's supervisor: `report.filed`."""
    RESIDENT = "resident"
    """A resident; the desk notes it down: `request.made`."""
    DESK = "desk"
    """A person on duty, over HTTP: there is no event for it."""


@dataclass(frozen=True)
class Step:
    """A step. ``name`` is the command's, the request's, or the HTTP operation's id; ``data`` is its constant data."""

    by: By
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


def _unit(*commands: Command) -> dict[str, Step]:
    return {command.value: Step(By.UNIT, command.value) for command in commands}


def _rate(resolved: bool, satisfied: bool) -> Step:
    return Step(By.RESIDENT, Request.RATE.value, {"resolved": resolved, "satisfied": satisfied})


STEPS: Mapping[str, Step] = {
    **_unit(Command.SIGN, Command.CONTACT, Command.REPORT_IN, Command.PROGRESS, Command.HANDLE, Command.FINISH),
    **_unit(Command.HAND_UP, Command.RETURN, Command.EXTEND, Command.SESSION, Command.AGREE, Command.FAIL),
    "pass": Step(By.UNIT, Command.VERIFY.value, {"passed": True}),
    "not_solved": Step(By.UNIT, Command.VERIFY.value, {"passed": False}),
    "performed": Step(By.UNIT, Command.PERFORM.value, {"passed": True}),
    "not_performed": Step(By.UNIT, Command.PERFORM.value, {"passed": False}),
    "found_performed": Step(By.SUPERVISOR, Command.PERFORM.value, {"passed": True}),
    "found_not_performed": Step(By.SUPERVISOR, Command.PERFORM.value, {"passed": False}),
    "rule": Step(By.SUPERVISOR, Command.RULE.value),
    "grant": Step(By.SUPERVISOR, Command.RULE.value, {"passed": True}),
    "refuse": Step(By.SUPERVISOR, Command.RULE.value, {"passed": False}),
    "excuse": Step(By.SUPERVISOR, Command.EXCUSE.value),
    "consent": Step(By.RESIDENT, Request.CONSENT.value),
    "withdraw": Step(By.RESIDENT, Request.WITHDRAW.value),
    "satisfied": _rate(resolved=True, satisfied=True),
    "dissatisfied": _rate(resolved=True, satisfied=False),
    "unsolved": _rate(resolved=False, satisfied=False),
    "reopen": Step(By.RESIDENT, Request.REOPEN.value),
    "cancel": Step(By.RESIDENT, Request.CANCEL.value),
    "merge": Step(By.DESK, http.MERGE.id),
    "park": Step(By.DESK, http.PARK.id),
    "shelve": Step(By.DESK, http.PARK.id),
    "resume": Step(By.DESK, http.RESUME.id, {}),
    "raise": Step(By.DESK, http.RAISE_URGENCY.id, {"urgency": Urgency.E1.value}),
    "refer": Step(By.DESK, http.REJECT.id),
    "in_court": Step(By.DESK, http.REJECT.id, {"reason": RejectReason.IN_COURT.value}),
    "no_matter": Step(By.DESK, http.REJECT.id, {"reason": RejectReason.NO_MATTER.value}),
    "abuse": Step(By.DESK, http.REJECT.id, {"reason": RejectReason.ABUSE.value}),
}
