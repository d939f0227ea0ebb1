"""Cases: the way up the ladder, from `case.started` to the end."""

from datetime import datetime

from contracts import codes, fields
from contracts.payload import EventPayload


class CaseStarted(EventPayload):
    """Dispatch started the case of a ticket, with a snapshot of this playbook."""

    type = "case.started.v1"
    producer = "dispatch"
    identity = ("subject",)

    playbook: str = fields.ident("name of the playbook")
    playbook_version: str = fields.ident("version of the playbook")
    level: str = fields.ident("the level it starts at")


class CaseEscalated(EventPayload):
    """The case moved up a level; identity and history stay, and the lower level stays responsible until relieved."""

    type = "case.escalated.v1"
    producer = "dispatch"
    identity = ("subject", "level", "below", "causation")

    level: str = fields.ident("level it moved to")
    below: str = fields.ident("level it moved from")
    cause: codes.EscalationCause = fields.code(codes.EscalationCause, "why")


class CaseRerouted(EventPayload):
    """The ticket's category changed. A different playbook starts at its first level; the same playbook continues where it
    stood."""

    type = "case.rerouted.v1"
    producer = "dispatch"
    identity = ("subject", "generation")

    category: str = fields.ident("the category by which it is routed")
    playbook: str | None = fields.ident("name of the playbook; none where no playbook takes the category", default=None)
    playbook_version: str | None = fields.ident("version of the playbook", default=None)
    level: str | None = fields.ident("the level it starts or goes on at", default=None)
    generation: int = fields.count("generation of the ticket")


class CaseExhausted(EventPayload):
    """The case is past the last level, or no playbook fits, or nobody can be called: the supervisor has to name a unit.

    Until 0.1.0 it was also published, with the cause `no_verifier`, in the place of `verifier.requested`.
    """

    type = "case.exhausted.v1"
    producer = "dispatch"
    identity = ("subject", "cause", "causation", "after")

    cause: codes.ExhaustionCause = fields.code(codes.ExhaustionCause, "why")
    supervisor: str | None = fields.ident("who is called; none where the directory names nobody", default=None)


class VerifierRequested(EventPayload):
    """The ticket is handled and nobody may verify it, or the chosen verifier does not respond: the supervisor has to name a
    unit."""

    type = "verifier.requested.v1"
    producer = "dispatch"
    identity = ("subject", "generation", "causation")

    generation: int = fields.count("generation of the work that is to be verified")
    supervisor: str | None = fields.ident("who is to name one; none where the directory names nobody", default=None)


class CasePaused(EventPayload):
    """The clocks are paused for the working time that the pause covers."""

    type = "case.paused.v1"
    producer = "dispatch"
    identity = ("subject", "causation")

    review_at: datetime | None = fields.instant("when it is looked at again", default=None)


class CaseResumed(EventPayload):
    """Work continues at the same level: after a pause, or in a new generation."""

    type = "case.resumed.v1"
    producer = "dispatch"
    identity = ("subject", "generation", "causation")

    level: str = fields.ident("level it goes on at")
    generation: int = fields.count("generation of the ticket")


class CaseWithdrawn(EventPayload):
    """The ticket was rejected, merged or cancelled: the units at work are relieved."""

    type = "case.withdrawn.v1"
    producer = "dispatch"
    identity = ("subject", "causation")

    cause: str = fields.ident("rejected, merged or cancelled")


class CaseCompleted(EventPayload):
    """The responders have completed the case."""

    type = "case.completed.v1"
    producer = "dispatch"
    identity = ("subject", "generation")

    level: str = fields.ident("level that ended it")
    rung: int = fields.count("that level's number on the ladder, from 1")
    outcome: codes.Outcome = fields.code(codes.Outcome, "how")
    generation: int = fields.count("generation that was completed")
    handled_by: list[str] = fields.idents("the units that handled it")
