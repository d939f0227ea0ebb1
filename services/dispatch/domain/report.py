"""A command about a case: who gives it, by which account, and what it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from chassis.effects import Refused
from contracts.codes import Command, ReturnReason

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """A command: who, by which account, and what it needs to say."""

    command: Command
    unit: str
    actor: str
    passed: bool | None = None
    reason: ReturnReason | None = None
    to: str | None = None
    until: datetime | None = None


def needed(value: T | None, name: str) -> T:
    """The value, which this command needs. Raises Refused, naming the field."""
    if value is None:
        raise Refused(f"{name}: missing, this command needs it")
    return value
