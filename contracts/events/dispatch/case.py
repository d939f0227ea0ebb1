"""The case: its way up the ladder, from `case.started` to its end."""

from contracts import codes, fields
from contracts.envelope import EventSchema


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


class CaseRerouted(EventSchema):
    """The ticket's category changed. Another playbook begins at its first level; the same one goes on where it stood."""

    type = "case.rerouted.v1"
    producer = "dispatch"

    category = fields.ident("the category by which it is routed")
    playbook = fields.ident("name of the playbook; none where no playbook takes the category", optional=True)
    playbook_version = fields.ident("version of the playbook", optional=True)
    level = fields.ident("the level it starts or goes on at", optional=True)
    generation = fields.count("generation of the ticket")


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
