"""Assignments and the reports about them: from `assignment.made` to handled, verified or relieved."""

from datetime import datetime

from contracts import codes, fields
from contracts.payload import EventPayload


class AssignmentMade(EventPayload):
    """A responder was named."""

    type = "assignment.made.v1"
    producer = "dispatch"
    identity = ("assignment",)

    assignment: str = fields.ident("assignment's id")
    to: str = fields.ident("the responder")
    level: str = fields.ident("level of the ladder")
    purpose: codes.Purpose = fields.code(codes.Purpose, "handle or verify")
    generation: int = fields.count("generation of the ticket")
    joint_action: str | None = fields.ident("the joint action that the responder is called to by this", default=None)


class AssignmentStep(EventPayload):
    """Base of the reports of an assignment's responder."""

    assignment: str = fields.ident("assignment's id")
    by: str = fields.ident("the responder")
    actor: str = fields.ident("the account that reported it")
    acted_at: datetime | None = fields.instant(
        "when the responder says that it was done, where that is earlier than its report", default=None
    )


class AssignmentSigned(AssignmentStep):
    """The responder has seen the assignment."""

    type = "assignment.signed.v1"
    producer = "dispatch"
    identity = ("assignment",)


class AssignmentContacted(AssignmentStep):
    """The responder reached a person."""

    type = "assignment.contacted.v1"
    producer = "dispatch"
    identity = ("assignment",)


class AssignmentReportedIn(AssignmentStep):
    """The responder is there and working."""

    type = "assignment.reported_in.v1"
    producer = "dispatch"
    identity = ("assignment",)


class AssignmentHandled(AssignmentStep):
    """The responder reports the work as done."""

    type = "assignment.handled.v1"
    producer = "dispatch"
    identity = ("assignment",)


class AssignmentProgressed(AssignmentStep):
    """The responder reports progress."""

    type = "assignment.progressed.v1"
    producer = "dispatch"
    identity = ("assignment", "causation")


class AssignmentHandedUp(AssignmentStep):
    """The responder cannot solve the matter at this level."""

    type = "assignment.handed_up.v1"
    producer = "dispatch"
    identity = ("assignment",)


class AssignmentReturned(AssignmentStep):
    """The responder reports that the matter is not its own. The first return goes to the next fitting responder, the second to
    a ruling."""

    type = "assignment.returned.v1"
    producer = "dispatch"
    identity = ("assignment",)

    reason: codes.ReturnReason = fields.code(codes.ReturnReason, "why")
    number: int = fields.count("how many returns the case has had")
    ruling_by: str | None = fields.ident("the supervisor whose ruling is asked for", default=None)


class AssignmentRuled(EventPayload):
    """The supervisor named the unit; no further return is possible."""

    type = "assignment.ruled.v1"
    producer = "dispatch"
    identity = ("subject", "causation")

    by: str = fields.ident("the supervisor")
    actor: str = fields.ident("the account that reported it")
    to: str = fields.ident("the unit that is to do it")


class AssignmentRelieved(EventPayload):
    """The responder is no longer responsible for the assignment."""

    type = "assignment.relieved.v1"
    producer = "dispatch"
    identity = ("assignment",)

    assignment: str = fields.ident("assignment's id")
    by: str = fields.ident("the responder that is relieved")


class ReportRefused(EventPayload):
    """A responder's command over AMQP had no effect, because another fact came first. Over HTTP the answer is 409."""

    type = "report.refused.v1"
    producer = "dispatch"
    identity = ("subject", "causation")

    command: codes.Command = fields.code(codes.Command, "what the unit reported")
    unit: str = fields.ident("the responder that reported")
    actor: str = fields.ident("the account that reported it")
    fact: codes.EarlierFact | None = fields.code(codes.EarlierFact, "what came first; none where it is not known", default=None)
    at: datetime | None = fields.instant("when that happened", default=None)


class VerificationDone(EventPayload):
    """Somebody who did not handle the ticket has verified it."""

    type = "verification.done.v1"
    producer = "dispatch"
    identity = ("assignment",)

    assignment: str = fields.ident("the verifying assignment")
    by: str = fields.ident("the unit that checked")
    passed: bool = fields.flag("it is really solved")
    generation: int = fields.count("generation that was checked")
