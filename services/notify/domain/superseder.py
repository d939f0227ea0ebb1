"""Superseders: the later events that make a waiting notice obsolete, and the groups of them that several notices share.

A superseder is an event of the same producer as the notice's: their ``sequence`` about one subject says which is later,
whatever the clocks say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.codes import CancelReason
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload


@dataclass(frozen=True)
class Superseder:
    """A later event that makes a notice obsolete.

    ``same`` are fields in which both events agree; ``audience`` is the field that names the notice's recipient; ``when`` are
    the values that fields of the later event have.
    """

    event: type[EventPayload]
    same: tuple[str, ...] = ()
    audience: str | None = None
    when: Mapping[str, str] = field(default_factory=dict)
    reason: CancelReason = CancelReason.SUPERSEDED

    def __post_init__(self) -> None:
        if unknown := self.fields - self.event.field_names():
            raise TypeError(f"{self.event.type} has no field {', '.join(sorted(unknown))}")

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields of the later event that are compared."""
        return frozenset((*self.same, *self.when, *((self.audience,) if self.audience else ())))


def superseders(*events: type[EventPayload], **more: Any) -> tuple[Superseder, ...]:
    """Return one superseder for each event, with the same conditions."""
    return tuple(Superseder(event, **more) for event in events)


CLOSED = superseders(t.TicketClosed, t.TicketRejected, t.TicketMerged, t.TicketCancelled)
CLOSED_OR_VERIFIED = (*CLOSED, Superseder(t.TicketVerified))
CASE_OVER = superseders(d.CaseCompleted, d.CaseWithdrawn)
RELIEVED = (Superseder(d.AssignmentRelieved, same=("assignment",), reason=CancelReason.RELIEVED),)
ASSIGNMENT_OVER = (
    *RELIEVED,
    *superseders(d.AssignmentHandled, d.AssignmentHandedUp, d.AssignmentReturned, d.VerificationDone, same=("assignment",)),
)
MEDIATION_OVER = superseders(d.MediationAgreed, d.MediationFailed, same=("mediation",)) + superseders(d.CaseWithdrawn)
PERFORMED = superseders(d.MediationPerformed, d.MediationNotPerformed, same=("mediation",))
ASKED_AGAIN = (Superseder(d.MediationPerformanceAsked, same=("mediation",), audience="to"),)
CLOCK = ("clock", "assignment")
NEW_DUE_TIME = superseders(d.DeadlineExtended, d.DeadlineMoved, same=CLOCK)
