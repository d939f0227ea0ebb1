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
    volunteer = fields.flag("a member who works unpaid, and earns points (双报到)", optional=True)


class CaseStarted(EventSchema):
    """Dispatch took the ticket up, with a snapshot of this playbook."""

    type = "case.started.v1"
    producer = "dispatch"

    playbook = fields.ident("name of the playbook")
    playbook_version = fields.ident("version of the playbook")
    level = fields.ident("the level it starts at")


class CaseEscalated(EventSchema):
    """The case moved up a level; identity and history stay, and the lower level stays responsible until relieved."""

    type = "case.escalated.v1"
    producer = "dispatch"

    level = fields.ident("level it moved to")
    below = fields.ident("level it moved from")
    cause = fields.code(codes.EscalationCause, "why")


class CaseExhausted(EventSchema):
    """Past the last level, or no playbook fits, or nobody may do what is needed: the supervisor is called."""

    type = "case.exhausted.v1"
    producer = "dispatch"

    cause = fields.code(codes.ExhaustionCause, "why")
    supervisor = fields.ident("who is called; none where the directory names nobody", optional=True)


class CasePaused(EventSchema):
    """The clocks stand still, but only for the working time that the pause covers."""

    type = "case.paused.v1"
    producer = "dispatch"

    review_at = fields.instant("when it is looked at again", optional=True)


class CaseResumed(EventSchema):
    """Work goes on at the same level: after a pause, or in a new generation."""

    type = "case.resumed.v1"
    producer = "dispatch"

    level = fields.ident("level it goes on at")
    generation = fields.count("generation of the ticket")


class CaseWithdrawn(EventSchema):
    """The ticket was rejected, merged or cancelled: those at work are relieved."""

    type = "case.withdrawn.v1"
    producer = "dispatch"

    cause = fields.ident("rejected, merged or cancelled")


class CaseCompleted(EventSchema):
    """The responders are done."""

    type = "case.completed.v1"
    producer = "dispatch"

    level = fields.ident("level that ended it")
    rung = fields.count("that level's number on the ladder, from 1")
    outcome = fields.code(codes.Outcome, "how")
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


class _Mediation(EventSchema):
    mediation = fields.ident("mediation's id")


class MediationOpened(_Mediation):
    """A mediator is invited and every party is asked for consent."""

    type = "mediation.opened.v1"
    producer = "dispatch"

    mediator = fields.ident("the mediator")
    parties = fields.idents("who must consent")
    steps = fields.names("the sessions' names, in order")


class MediationConsented(_Mediation):
    """A party consents."""

    type = "mediation.consented.v1"
    producer = "dispatch"

    party = fields.code(codes.Party, "who")


class MediationConsentWithdrawn(_Mediation):
    """A party no longer consents: there is no further session."""

    type = "mediation.consent_withdrawn.v1"
    producer = "dispatch"

    party = fields.code(codes.Party, "who")


class MediationSessionHeld(_Mediation):
    """A session took place, with every party's consent."""

    type = "mediation.session_held.v1"
    producer = "dispatch"

    number = fields.count("1 for the first")
    step = fields.name("the step it was")


class MediationAgreed(_Mediation):
    """The parties agreed. They are told of judicial confirmation within 30 days."""

    type = "mediation.agreed.v1"
    producer = "dispatch"

    sessions = fields.count("how many sessions it took")
    perform_by = fields.instant("by when performance is looked at")


class MediationFailed(_Mediation):
    """The parties did not agree. They are told of the court's and the authorities' routes."""

    type = "mediation.failed.v1"
    producer = "dispatch"

    cause = fields.code(codes.EscalationCause, "failed, consent_withdrawn or breached")


class MediationPerformed(_Mediation):
    """What was agreed was done."""

    type = "mediation.performed.v1"
    producer = "dispatch"


class MediationNotPerformed(_Mediation):
    """What was agreed was not done."""

    type = "mediation.not_performed.v1"
    producer = "dispatch"


class _JointAction(EventSchema):
    joint_action = fields.ident("joint action's id")


class JointActionCalled(_JointAction):
    """Several units are called together; exactly one leads."""

    type = "joint_action.called.v1"
    producer = "dispatch"

    lead = fields.ident("lead unit")
    units = fields.idents("every unit that must finish or be excused, the lead among them")
    report_in_by = fields.instant("by when each is to report in", optional=True)


class _UnitStep(_JointAction):
    unit = fields.ident("the unit")


class JointActionUnitReportedIn(_UnitStep):
    """A called unit is there and working."""

    type = "joint_action.unit_reported_in.v1"
    producer = "dispatch"

    on_time = fields.flag("before its clock ran out")


class JointActionUnitFinished(_UnitStep):
    """A called unit did its part."""

    type = "joint_action.unit_finished.v1"
    producer = "dispatch"


class JointActionUnitExcused(_UnitStep):
    """A called unit need not, by the supervisor's ruling."""

    type = "joint_action.unit_excused.v1"
    producer = "dispatch"

    by = fields.ident("the supervisor")


class JointActionCompleted(_JointAction):
    """Every required unit finished or was excused."""

    type = "joint_action.completed.v1"
    producer = "dispatch"


class _Deadline(EventSchema):
    clock = fields.code(codes.Clock, "which clock")
    due = fields.instant("when it is due")
    assignment = fields.ident("the assignment it runs for; none for a case clock", optional=True)


class DeadlineSet(_Deadline):
    """A clock runs, and why it ends when it does. Set again where the due time was computed anew."""

    type = "deadline.set.v1"
    producer = "dispatch"

    started = fields.instant("from when it runs")
    rule = fields.name("the span, such as 5wd")
    calendar = fields.ident("version of the working calendar")
    provisional = fields.flag("past the known calendar: weekends alone were counted")
    explanation = fields.text("rule, start, pauses and arithmetic, in words")


class DeadlineWarned(_Deadline):
    """Time runs out, or has long run out."""

    type = "deadline.warned.v1"
    producer = "dispatch"

    stage = fields.code(codes.WarningStage, "how far")
    number = fields.count("how many marks the clock has passed: 1 at half, and one more each time")
    to = fields.ident("who is warned: the responder, the supervisor, or the top of the chain", optional=True)


class DeadlineBreached(_Deadline):
    """A clock ran out. A level's clock escalates, a case's clock supervises."""

    type = "deadline.breached.v1"
    producer = "dispatch"

    supervisor = fields.ident("who supervises from now on: case clocks only", optional=True)


class DeadlineExtensionAsked(_Deadline):
    """A responder asked for more time, before it ran out and for the first time."""

    type = "deadline.extension_asked.v1"
    producer = "dispatch"

    until = fields.instant("the due time that is asked for")
    supervisor = fields.ident("who decides", optional=True)


class DeadlineExtended(_Deadline):
    """The supervisor granted it; the resident is told."""

    type = "deadline.extended.v1"
    producer = "dispatch"

    before = fields.instant("the due time it had")


class DeadlineExtensionRefused(_Deadline):
    """The supervisor refused it."""

    type = "deadline.extension_refused.v1"
    producer = "dispatch"


class VerificationDone(EventSchema):
    """Somebody who did not handle it has looked."""

    type = "verification.done.v1"
    producer = "dispatch"

    assignment = fields.ident("the verifying assignment")
    by = fields.ident("the unit that checked")
    passed = fields.flag("it is really solved")
    generation = fields.count("generation that was checked")
