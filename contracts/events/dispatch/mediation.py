"""Mediations: voluntary sessions up to agreement or failure, and the performance of the agreement."""

from datetime import datetime

from contracts import codes, fields
from contracts.payload import EventPayload


class _Mediation(EventPayload):
    mediation: str = fields.ident("mediation's id")


class MediationOpened(_Mediation):
    """A mediator was invited and every party was asked for consent."""

    type = "mediation.opened.v1"
    producer = "dispatch"
    identity = ("mediation",)

    generation: int | None = fields.count("the ticket's generation of work; its links are for this one", default=None)
    mediator: str = fields.ident("the mediator")
    parties: list[str] = fields.idents("who must consent")
    steps: list[str] = fields.names("the sessions' names, in order")


class MediationConsented(_Mediation):
    """A party consented."""

    type = "mediation.consented.v1"
    producer = "dispatch"
    identity = ("mediation", "party", "causation")

    party: codes.Party = fields.code(codes.Party, "who")


class MediationConsentWithdrawn(_Mediation):
    """A party withdrew its consent: there is no further session."""

    type = "mediation.consent_withdrawn.v1"
    producer = "dispatch"
    identity = ("mediation", "party", "causation")

    party: codes.Party = fields.code(codes.Party, "who")


class MediationSessionHeld(_Mediation):
    """A session took place, with every party's consent."""

    type = "mediation.session_held.v1"
    producer = "dispatch"
    identity = ("mediation", "number")

    number: int = fields.count("1 for the first")
    step: str = fields.name("the step it was")


class MediationAgreed(_Mediation):
    """The parties agreed. They are told about judicial confirmation within 30 days."""

    type = "mediation.agreed.v1"
    producer = "dispatch"
    identity = ("mediation",)

    sessions: int = fields.count("how many sessions it took")
    perform_by: datetime = fields.instant("by when performance is looked at")


class MediationFailed(_Mediation):
    """The parties did not agree. They are told about the routes to court and authorities."""

    type = "mediation.failed.v1"
    producer = "dispatch"
    identity = ("mediation",)

    cause: codes.EscalationCause = fields.code(
        codes.EscalationCause, "failed, consent_withdrawn, breached, returned or unreachable"
    )


class MediationPerformanceAsked(_Mediation):
    """Dispatch asked whether the agreement was performed: the mediator before the due day, the supervisors from then on."""

    type = "mediation.performance_asked.v1"
    producer = "dispatch"
    identity = ("mediation", "number")

    perform_by: datetime = fields.instant("by when performance is looked at")
    number: int = fields.count("1 and 2 before the day, 3 on it, then ever later")
    to: str | None = fields.ident("who is asked; null where the directory names no supervisor", default=None)


class MediationPerformed(_Mediation):
    """The agreement was performed."""

    type = "mediation.performed.v1"
    producer = "dispatch"
    identity = ("mediation",)


class MediationNotPerformed(_Mediation):
    """The agreement was not performed."""

    type = "mediation.not_performed.v1"
    producer = "dispatch"
    identity = ("mediation",)
