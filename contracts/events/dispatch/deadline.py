"""Deadlines: set, warned, breached, moved, extended. Every due time carries its explanation."""

from datetime import datetime

from contracts import codes, fields
from contracts.payload import EventPayload


class _Deadline(EventPayload):
    clock: codes.Clock = fields.code(codes.Clock, "which clock")
    due: datetime = fields.instant("when it is due")
    assignment: str | None = fields.ident("the assignment it runs for; none for a case clock", default=None)


class DeadlineSet(_Deadline):
    """A clock runs; the event explains its due time. It is published again when the due time is recomputed."""

    type = "deadline.set.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock", "due", "calendar", "causation")

    started: datetime = fields.instant("from when it runs")
    rule: str = fields.name("the span, such as 5wd")
    calendar: str = fields.ident("version of the working calendar")
    provisional: bool = fields.flag("past the known calendar: weekends alone were counted")
    explanation: str = fields.text("rule, start, pauses and arithmetic, in words; times in the deployment's zone")


class DeadlineWarned(_Deadline):
    """A clock is about to run out, or ran out long ago."""

    type = "deadline.warned.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock", "due", "number")

    stage: codes.WarningStage = fields.code(codes.WarningStage, "how far")
    number: int = fields.count("how many marks the clock has passed: 1 at half, and one more each time")
    to: str | None = fields.ident("who is warned: the responder, the supervisor, or the top of the chain", default=None)


class DeadlineBreached(_Deadline):
    """A clock ran out. A level clock escalates, a case clock supervises."""

    type = "deadline.breached.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock", "due")

    supervisor: str | None = fields.ident("who supervises from now on; none for a level's clock, which escalates", default=None)


class DeadlineMoved(_Deadline):
    """Another working calendar moved a due time; the accompanying `deadline.set` explains the new one."""

    type = "deadline.moved.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock", "due", "before", "causation")

    before: datetime = fields.instant("the due time it had")
    to: list[str] = fields.idents("who is told: the units at work, the supervisor")
    resident: bool = fields.flag("whether the resident was told of the due time it had, and is told of this one")


class DeadlineExtensionAsked(_Deadline):
    """A responder asked for more time, before the clock ran out and for the first time."""

    type = "deadline.extension_asked.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock")

    until: datetime = fields.instant("the due time that is asked for")
    supervisor: str | None = fields.ident("who decides", default=None)


class DeadlineExtended(_Deadline):
    """The supervisor granted the extension; the resident is told."""

    type = "deadline.extended.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock")

    before: datetime = fields.instant("the due time it had")


class DeadlineExtensionRefused(_Deadline):
    """The supervisor refused the extension."""

    type = "deadline.extension_refused.v1"
    producer = "dispatch"
    identity = ("subject", "assignment", "clock")
