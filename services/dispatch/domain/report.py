"""A report is a command that a unit gives to a case."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from chassis.effects import Refused
from contracts.codes import Command, ReturnReason

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """A command of a unit, the account that sent it, and the fields that commands need."""

    command: Command
    unit: str
    actor: str
    passed: bool | None = None
    reason: ReturnReason | None = None
    to: str | None = None
    until: datetime | None = None


def needed(value: T | None, name: str) -> T:
    """Return a value that the command needs. Raises Refused, naming the field."""
    if value is None:
        raise Refused(f"{name}: missing, this command needs it")
    return value
