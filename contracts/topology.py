"""Who listens to what: the data from which exchanges, queues and bindings are declared.

One durable topic exchange per producer, and one for its private events. One quorum queue per service and source; its
name is ``<service>.<source>``, where the source is an exchange's name without ``.events`` (so ``notify.tickets.private``).
"""

from contracts.events import dispatch as d
from contracts.events import intake as i
from contracts.events import ledger as ld
from contracts.events import tickets as t
from contracts.payload import EventPayload, all_payloads

SERVICES = ("tickets", "dispatch", "notify", "ledger")
PRODUCERS = ("intake", *SERVICES)
EXCHANGES = tuple(sorted({schema.exchange() for schema in all_payloads()} | {f"{name}.events" for name in PRODUCERS}))

_PUBLIC = [schema for schema in all_payloads() if not schema.private and schema.producer != "intake"]

SUBSCRIPTIONS: dict[str, tuple[type[EventPayload], ...]] = {
    "tickets": (
        i.WhistleBlown,
        i.RequestMade,
        d.AreaRegistered,
        d.CategoryRegistered,
        d.CaseStarted,
        d.CaseRerouted,
        d.CaseCompleted,
        d.AssignmentMade,
        d.VerificationDone,
    ),
    "dispatch": (
        i.ReportFiled,
        i.RequestMade,
        t.TicketOpened,
        t.TicketHandled,
        t.TicketReworkOrdered,
        t.TicketReopened,
        t.TicketRejected,
        t.TicketMerged,
        t.TicketUnmerged,
        t.TicketCancelled,
        t.TicketParked,
        t.TicketResumed,
        t.TicketUrgencyRaised,
        t.TicketCategoryChanged,
    ),
    "notify": (
        t.MatterDescribed,
        t.ContactRecorded,
        t.TicketOpened,
        t.TicketVerified,
        t.TicketClosed,
        t.TicketUnattended,
        t.TicketRejected,
        t.TicketMerged,
        t.TicketUnmerged,
        t.TicketReopened,
        t.TicketParked,
        t.TicketResumed,
        t.TicketRated,
        t.TicketCancelled,
        t.TicketReworkOrdered,
        t.TicketUrgencyRaised,
        d.ResponderRetired,
        d.AssignmentMade,
        d.AssignmentHandedUp,
        d.AssignmentHandled,
        d.AssignmentReturned,
        d.AssignmentRuled,
        d.AssignmentRelieved,
        d.CaseCompleted,
        d.CaseWithdrawn,
        d.CaseEscalated,
        d.CaseExhausted,
        d.DeadlineWarned,
        d.DeadlineBreached,
        d.DeadlineExtensionAsked,
        d.DeadlineExtended,
        d.DeadlineExtensionRefused,
        d.DeadlineMoved,
        d.MediationOpened,
        d.MediationSessionHeld,
        d.MediationAgreed,
        d.MediationFailed,
        d.MediationPerformanceAsked,
        d.MediationPerformed,
        d.MediationNotPerformed,
        d.JointActionCalled,
        d.JointActionUnitFinished,
        d.JointActionUnitExcused,
        d.JointActionCompleted,
        d.VerificationDone,
        d.ReportRefused,
        ld.GapFound,
        ld.ForkFound,
    ),
    "ledger": tuple(schema for schema in _PUBLIC if schema.producer != "ledger"),
}
"""Every event type a service reacts to. No service listens to itself; the ledger binds nothing private."""


def source_of(schema: type[EventPayload]) -> str:
    """The name a service knows an exchange by: ``tickets`` for `tickets.events`, ``tickets.private`` for the other."""
    return schema.exchange().removesuffix(".events")


def queues(service: str) -> dict[str, tuple[type[EventPayload], ...]]:
    """The service's queues: for each source, the types that are bound."""
    grouped: dict[str, tuple[type[EventPayload], ...]] = {}
    for schema in SUBSCRIPTIONS[service]:
        grouped[source_of(schema)] = (*grouped.get(source_of(schema), ()), schema)
    return grouped
