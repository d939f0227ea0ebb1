"""The table of later events that make a waiting notice obsolete. It complements the table of recipients (`notice_rules`).

A line names events of the same producer alone: their ``sequence`` about one subject says which is later, whatever clocks say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.codes import CancelReason
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.notify.domain.notice_rules import RULES


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


@dataclass(frozen=True)
class Fact:
    """The newest event of its type, with these values, that was received about a ticket."""

    type: str
    event: str
    sequence: int
    values: dict[str, str | None] = field(default_factory=dict)


def _each(*events: type[EventPayload], **more: Any) -> tuple[Superseder, ...]:
    return tuple(Superseder(event, **more) for event in events)


_CLOSED = _each(t.TicketClosed, t.TicketRejected, t.TicketMerged, t.TicketCancelled)
_CASE_OVER = _each(d.CaseCompleted, d.CaseWithdrawn)
_RELIEVED = (Superseder(d.AssignmentRelieved, same=("assignment",), reason=CancelReason.RELIEVED),)
_ASSIGNMENT_OVER = (
    *_RELIEVED,
    *_each(d.AssignmentHandled, d.AssignmentHandedUp, d.AssignmentReturned, d.VerificationDone, same=("assignment",)),
)
_MEDIATION_OVER = _each(d.MediationAgreed, d.MediationFailed, same=("mediation",)) + _each(d.CaseWithdrawn)
_PERFORMED = _each(d.MediationPerformed, d.MediationNotPerformed, same=("mediation",))
_ASKED_AGAIN = (Superseder(d.MediationPerformanceAsked, same=("mediation",), audience="to"),)
_CLOCK = ("clock", "assignment")
_NEW_DUE_TIME = _each(d.DeadlineExtended, d.DeadlineMoved, same=_CLOCK)

OBSOLETE_AFTER: Mapping[str, tuple[Superseder, ...]] = {
    # --- the resident
    "ticket_opened": (*_CLOSED, Superseder(t.TicketVerified)),
    "ticket_opened_urgent": (*_CLOSED, Superseder(t.TicketVerified)),
    "ticket_verified": (*_CLOSED, *_each(t.TicketRated, t.TicketReworkOrdered)),
    "ticket_closed": _each(t.TicketReopened),
    "ticket_rejected": (),
    "ticket_merged": _each(t.TicketUnmerged),
    "ticket_unmerged": _CLOSED,
    "ticket_reopened": (*_CLOSED, Superseder(t.TicketVerified)),
    "ticket_parked": (*_CLOSED, Superseder(t.TicketResumed)),
    "ticket_cancelled": (),
    "ticket_rework": (*_CLOSED, Superseder(t.TicketVerified)),
    "case_escalated": _CASE_OVER,
    "deadline_extended": (*_CASE_OVER, *_NEW_DUE_TIME),
    "due_time_moved": (*_CASE_OVER, *_NEW_DUE_TIME),
    # --- both parties of a mediation
    "mediation_opened": _MEDIATION_OVER,
    "mediation_opened_respondent": _MEDIATION_OVER,
    "mediation_session": _MEDIATION_OVER,
    "mediation_agreed": _each(d.MediationNotPerformed, same=("mediation",)),
    "mediation_failed": (),
    "mediation_not_performed": (),
    # --- responders
    "assignment_made": (*_ASSIGNMENT_OVER, *_each(d.CaseWithdrawn, reason=CancelReason.RELIEVED)),
    "assignment_relieved": (),
    "joint_action_called": (
        Superseder(d.JointActionUnitExcused, same=("joint_action",), audience="unit", reason=CancelReason.RELIEVED),
        Superseder(d.JointActionUnitFinished, same=("joint_action",), audience="unit"),
        Superseder(d.JointActionCompleted, same=("joint_action",)),
        *_CASE_OVER,
    ),
    # --- supervisors, and those on duty
    "deadline_warned": (
        *_ASSIGNMENT_OVER,
        *_NEW_DUE_TIME,
        Superseder(d.DeadlineBreached, same=_CLOCK),
        Superseder(d.DeadlineWarned, same=_CLOCK, audience="to"),
    ),
    "deadline_moved": (*_ASSIGNMENT_OVER, *_NEW_DUE_TIME),
    "report_refused": (),
    "deadline_breached": (*_CASE_OVER, *_NEW_DUE_TIME),
    "ruling_asked": (*_CASE_OVER, Superseder(d.AssignmentRuled)),
    "extension_asked": (*_CASE_OVER, *_NEW_DUE_TIME, *_each(d.DeadlineExtensionRefused, same=_CLOCK)),
    "performance_asked": (*_PERFORMED, *_ASKED_AGAIN),
    "performance_overdue": (*_PERFORMED, *_ASKED_AGAIN),
    "case_exhausted": (*_CASE_OVER, Superseder(d.AssignmentRuled)),
    "verifier_requested": _each(d.AssignmentRuled, d.VerificationDone, d.CaseResumed, d.CaseWithdrawn),
    # --- alerts, which somebody is to look into whatever came of it
    "ticket_unattended": (),
    "gap_found": (),
    "fork_found": (),
}
"""The superseding events by the name of the rule's template. A notice with an empty line is always sent."""

_CASE_CLOCK_OVER = {"deadline_warned": _CASE_OVER, "deadline_moved": _CASE_OVER}
"""The events that end a deadline of the whole case, as opposed to one assignment's."""

_RULE_BY_TEMPLATE = {name: rule.template for rule in RULES for name in rule.templates()}
_ALL = tuple(one for lines in (*OBSOLETE_AFTER.values(), *_CASE_CLOCK_OVER.values()) for one in lines)
SUPERSEDING = tuple(dict.fromkeys(one.event for one in _ALL))
"""Every event that makes some notice obsolete."""
_FIELDS = {event.type: frozenset[str]().union(*(one.fields for one in _ALL if one.event is event)) for event in SUPERSEDING}
_SAME = {name: frozenset(field for one in lines for field in one.same) for name, lines in OBSOLETE_AFTER.items()}


def comparison_values(template: str, payload: EventPayload) -> dict[str, str | None]:
    """Return the fields with which later events are compared, from the event that a notice reports."""
    said = payload.by_name()
    return {name: _plain(said[name]) for name in sorted(_SAME[_RULE_BY_TEMPLATE[template]])}


def fact_from(event: Event) -> Fact:
    """Return the fact that a superseding event leaves."""
    said = event.payload.by_name()
    values = {name: _plain(said[name]) for name in sorted(_FIELDS[event.type])}
    return Fact(event.type, event.id, event.sequence or 0, values)


def find_superseding(
    template: str, audience: str, sequence: int, values: Mapping[str, str | None], facts: Iterable[Fact]
) -> tuple[Fact, CancelReason] | None:
    """Return the first fact that makes a notice obsolete, and the reason; None where it is still to be sent.

    ``sequence`` is that of the event that the notice tells of; 0, of a notice of an older version, is never pointless.
    """
    rule = _RULE_BY_TEMPLATE.get(template)
    if rule is None or not sequence:
        return None
    lines = OBSOLETE_AFTER[rule]
    if rule in _CASE_CLOCK_OVER and not values.get("assignment"):
        lines += _CASE_CLOCK_OVER[rule]
    later = sorted((fact for fact in facts if fact.sequence > sequence), key=lambda fact: fact.sequence)
    for fact in later:
        for one in lines:
            if one.event.type == fact.type and _fits(one, fact, audience, values):
                return fact, one.reason
    return None


def _fits(one: Superseder, fact: Fact, audience: str, values: Mapping[str, str | None]) -> bool:
    agrees = all(fact.values.get(name) == values.get(name) for name in one.same)
    named = one.audience is None or fact.values.get(one.audience) == audience
    return agrees and named and all(fact.values.get(name) == wanted for name, wanted in one.when.items())


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)
