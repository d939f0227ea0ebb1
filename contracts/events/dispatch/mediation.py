"""Mediation: voluntary, in steps, to agreement or failure, and whether what was agreed was done."""

from contracts import codes, fields
from contracts.envelope import EventSchema


class _Mediation(EventSchema):
    mediation = fields.ident("mediation's id")


class MediationOpened(_Mediation):
    """A mediator is invited and every party is asked for consent."""

    type = "mediation.opened.v1"
    producer = "dispatch"

    generation = fields.count("the ticket's generation of work; its links are for this one", optional=True)
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

    cause = fields.code(codes.EscalationCause, "failed, consent_withdrawn, breached, returned or unreachable")


class MediationPerformanceAsked(_Mediation):
    """Somebody is asked whether what was agreed was done: the mediator before the day, the supervisors from then on."""

    type = "mediation.performance_asked.v1"
    producer = "dispatch"

    perform_by = fields.instant("by when performance is looked at")
    number = fields.count("1 and 2 before the day, 3 on it, then ever later")
    to = fields.ident("who is asked; null where the directory names no supervisor", optional=True)


class MediationPerformed(_Mediation):
    """What was agreed was done."""

    type = "mediation.performed.v1"
    producer = "dispatch"


class MediationNotPerformed(_Mediation):
    """What was agreed was not done."""

    type = "mediation.not_performed.v1"
    producer = "dispatch"
