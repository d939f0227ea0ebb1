"""A report is a command that a unit gives to a case."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from chassis.effects import DomainEvent, Effect, Effects, Refused
from contracts.codes import Command, ReturnReason
from contracts.events.dispatch import AssignmentStep

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
    acted_at: datetime | None = None
    """When it was done, where the unit says that this was earlier than its report. Clocks go by the report."""


CLOCK_SKEW = timedelta(minutes=5)
"""By how much the clock of whoever reports may be ahead."""


def check_time_of_act(acted_at: datetime | None, at: datetime) -> None:
    """Raise Refused for an act that is later than its report."""
    if acted_at is not None and acted_at > at + CLOCK_SKEW:
        minutes = CLOCK_SKEW // timedelta(minutes=1)
        raise Refused(f"acted_at: later than the time of receipt by more than {minutes} minutes")


def with_time_of_act(effects: Effects, report: Report) -> Effects:
    """Return the effects of a report; the events of the unit's own steps say when it was done."""
    if report.acted_at is None:
        return effects
    return Effects(*(_dated(effect, report) for effect in effects))


def _dated(effect: Effect, report: Report) -> Effect:
    if isinstance(effect, DomainEvent) and isinstance(effect.payload, AssignmentStep) and effect.payload.by == report.unit:
        return replace(effect, payload=replace(effect.payload, acted_at=report.acted_at))
    return effect


def needed(value: T | None, name: str) -> T:
    """Return a value that the command needs. Raises Refused, naming the field."""
    if value is None:
        raise Refused(f"{name}: missing, this command needs it")
    return value
