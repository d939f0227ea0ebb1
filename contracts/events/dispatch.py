"""What the dispatch service says: the directory it keeps, and who works on a case by when."""

from contracts import codes, fields
from contracts.envelope import EventSchema


class AreaRegistered(EventSchema):
    """An area exists, or its record changed. Tickets accepts whistles only for registered areas."""

    type = "area.registered.v1"
    producer = "dispatch"
    about = "area"

    kind = fields.code(codes.AreaKind, "kind of area")
    parent = fields.ident("the area it nests in", optional=True)


class CategoryRegistered(EventSchema):
    """A category exists, or its record changed."""

    type = "category.registered.v1"
    producer = "dispatch"
    about = "category"

    urgency = fields.code(codes.Urgency, "urgency of its tickets, unless a person raises it")
    dispute = fields.flag("its tickets are disputes between parties")


class ResponderRegistered(EventSchema):
    """A unit or person that can be called exists, or its record changed."""

    type = "responder.registered.v1"
    producer = "dispatch"
    about = "responder"

    role = fields.code(codes.Role, "what it is to the areas it serves")
    areas = fields.idents("areas it serves")
    categories = fields.idents("categories it leads; empty means every category", optional=True)


class CaseStarted(EventSchema):
    """Dispatch took the ticket up, with a snapshot of this playbook."""

    type = "case.started.v1"
    producer = "dispatch"

    playbook = fields.ident("name of the playbook")
    playbook_version = fields.ident("version of the playbook")
    level = fields.ident("the level it starts at")


class CaseExhausted(EventSchema):
    """Past the last level, or no playbook fits, or nobody may do what is needed: the supervisor is called."""

    type = "case.exhausted.v1"
    producer = "dispatch"

    cause = fields.ident("no_playbook, no_responder, no_verifier or last_level")
    supervisor = fields.ident("who is called", optional=True)


class CaseResumed(EventSchema):
    """Work goes on at the same level, in a new generation."""

    type = "case.resumed.v1"
    producer = "dispatch"

    level = fields.ident("level it goes on at")
    generation = fields.count("the new generation")


class CaseCompleted(EventSchema):
    """The responders are done."""

    type = "case.completed.v1"
    producer = "dispatch"

    level = fields.ident("level that ended it")
    outcome = fields.ident("handled, agreed or joint")
    generation = fields.count("generation that was completed")
    handled_by = fields.idents("the units that handled it")


class AssignmentMade(EventSchema):
    """A responder was named."""

    type = "assignment.made.v1"
    producer = "dispatch"

    assignment = fields.ident("assignment's id")
    to = fields.ident("the responder")
    level = fields.ident("level of the ladder")
    purpose = fields.code(codes.Purpose, "handle or verify")
    generation = fields.count("generation of the ticket")


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


class _Deadline(EventSchema):
    clock = fields.code(codes.Clock, "which clock")
    due = fields.instant("when it is due")
    assignment = fields.ident("the assignment it runs for; none for a case clock", optional=True)


class DeadlineSet(_Deadline):
    """A clock runs, and why it ends when it does."""

    type = "deadline.set.v1"
    producer = "dispatch"

    explanation = fields.text("rule, start and arithmetic, in words")


class DeadlineBreached(_Deadline):
    """A clock ran out."""

    type = "deadline.breached.v1"
    producer = "dispatch"


class VerificationDone(EventSchema):
    """Somebody who did not handle it has looked."""

    type = "verification.done.v1"
    producer = "dispatch"

    assignment = fields.ident("the verifying assignment")
    by = fields.ident("the unit that checked")
    passed = fields.flag("it is really solved")
    generation = fields.count("generation that was checked")
