"""Who is named, and what they report: from `assignment.made` to handled, verified, or relieved."""

from contracts import codes, fields
from contracts.envelope import EventSchema


class AssignmentMade(EventSchema):
    """A responder was named."""

    type = "assignment.made.v1"
    producer = "dispatch"

    assignment = fields.ident("assignment's id")
    to = fields.ident("the responder")
    level = fields.ident("level of the ladder")
    purpose = fields.code(codes.Purpose, "handle or verify")
    generation = fields.count("generation of the ticket")
    joint_action = fields.ident("the joint action that the responder is called to by this", optional=True)


class _AssignmentStep(EventSchema):
    assignment = fields.ident("assignment's id")
    by = fields.ident("the responder")
    actor = fields.ident("the account that reported it")


class AssignmentSigned(_AssignmentStep):
    """The responder has seen it."""

    type = "assignment.signed.v1"
    producer = "dispatch"


class AssignmentContacted(_AssignmentStep):
    """The responder reached a person."""

    type = "assignment.contacted.v1"
    producer = "dispatch"


class AssignmentReportedIn(_AssignmentStep):
    """The responder is there and working."""

    type = "assignment.reported_in.v1"
    producer = "dispatch"


class AssignmentHandled(_AssignmentStep):
    """The responder says done."""

    type = "assignment.handled.v1"
    producer = "dispatch"


class AssignmentProgressed(_AssignmentStep):
    """The responder says how it goes."""

    type = "assignment.progressed.v1"
    producer = "dispatch"


class AssignmentHandedUp(_AssignmentStep):
    """The responder cannot solve it at this level."""

    type = "assignment.handed_up.v1"
    producer = "dispatch"


class AssignmentReturned(_AssignmentStep):
    """The responder says "not mine". The first goes to the next fitting responder, the second to the supervisor's ruling."""

    type = "assignment.returned.v1"
    producer = "dispatch"

    reason = fields.code(codes.ReturnReason, "why")
    number = fields.count("how many returns the case has had")
    ruling_by = fields.ident("the supervisor whose ruling is asked for", optional=True)


class AssignmentRuled(EventSchema):
    """The supervisor named the unit; there is no further return."""

    type = "assignment.ruled.v1"
    producer = "dispatch"

    by = fields.ident("the supervisor")
    actor = fields.ident("the account that reported it")
    to = fields.ident("the unit that is to do it")


class AssignmentRelieved(EventSchema):
    """The responder is no longer asked for."""

    type = "assignment.relieved.v1"
    producer = "dispatch"

    assignment = fields.ident("assignment's id")
    by = fields.ident("the responder that is relieved")


class ReportRefused(EventSchema):
    """A responder's command came over AMQP and had no effect: something else came first. Over HTTP the answer is 409."""

    type = "report.refused.v1"
    producer = "dispatch"

    command = fields.code(codes.Command, "what the unit reported")
    unit = fields.ident("the responder that reported")
    actor = fields.ident("the account that reported it")
    fact = fields.code(codes.EarlierFact, "what came first; none where it is not known", optional=True)
    at = fields.instant("when that happened", optional=True)


class VerificationDone(EventSchema):
    """Somebody who did not handle it has looked."""

    type = "verification.done.v1"
    producer = "dispatch"

    assignment = fields.ident("the verifying assignment")
    by = fields.ident("the unit that checked")
    passed = fields.flag("it is really solved")
    generation = fields.count("generation that was checked")
