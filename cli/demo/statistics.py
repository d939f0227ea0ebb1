"""The statistics of a demonstration, counted from the events alone.

Branches, and which event proves each:

| branch | event |
| --- | --- |
| handled | `case.completed`, outcome handled, on the ladder's first rung |
| handed_up | `assignment.handed_up` |
| timed_out | `case.escalated`, cause breached |
| mediated | `mediation.agreed` |
| failed | `mediation.failed`, whatever the cause |
| joint | `case.completed`, outcome joint |
| returned | `assignment.returned` |
| ruled | `assignment.ruled` |
| exhausted | `case.exhausted` |
| reworked | `ticket.rework_ordered` |
| merged | `ticket.merged` |
| reopened | `ticket.reopened` |
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cli.demo.ticket_state import TicketStatus
from contracts.codes import EscalationCause, Outcome
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import notify as n
from contracts.events import tickets as t
from contracts.payload import EventPayload

P = TypeVar("P", bound=EventPayload)


@dataclass(frozen=True)
class Branch(Generic[P]):
    """A branch of the chain, proved by an event with this payload where the condition holds."""

    schema: type[P]
    holds: Callable[[P], bool] = lambda _: True

    def has(self, payload: EventPayload) -> bool:
        """Return whether an event proves the branch."""
        return isinstance(payload, self.schema) and self.holds(payload)


@dataclass(frozen=True)
class Cause(Generic[P]):
    """A count of events with this payload by a code in it."""

    schema: type[P]
    word: Callable[[P], object]

    def of(self, payload: EventPayload) -> str | None:
        """Return the code of an event; None for another event."""
        return str(self.word(payload)) if isinstance(payload, self.schema) else None


BRANCHES: Mapping[str, Branch[Any]] = {
    "handled": Branch(d.CaseCompleted, lambda said: said.outcome == Outcome.HANDLED and said.rung == 1),
    "handed_up": Branch(d.AssignmentHandedUp),
    "timed_out": Branch(d.CaseEscalated, lambda said: said.cause == EscalationCause.BREACHED),
    "mediated": Branch(d.MediationAgreed),
    "failed": Branch(d.MediationFailed),
    "joint": Branch(d.CaseCompleted, lambda said: said.outcome == Outcome.JOINT),
    "returned": Branch(d.AssignmentReturned),
    "ruled": Branch(d.AssignmentRuled),
    "exhausted": Branch(d.CaseExhausted),
    "reworked": Branch(t.TicketReworkOrdered),
    "merged": Branch(t.TicketMerged),
    "reopened": Branch(t.TicketReopened),
}
"""The branches that must occur as often as behaviour.yaml's ``proof`` says."""

MORE: Mapping[str, Branch[Any]] = {
    "unreachable": Branch(d.CaseEscalated, lambda said: said.cause == EscalationCause.UNREACHABLE),
    "in_parallel": Branch(d.CaseEscalated, lambda said: said.cause == EscalationCause.PARALLEL),
    "consent_withdrawn": Branch(d.MediationConsentWithdrawn),
    "performance_asked": Branch(d.MediationPerformanceAsked),
    "performed": Branch(d.MediationPerformed),
    "not_performed": Branch(d.MediationNotPerformed),
    "verifier_requested": Branch(d.VerifierRequested),
    "excused": Branch(d.JointActionUnitExcused),
    "extended": Branch(d.DeadlineExtended),
    "extension_refused": Branch(d.DeadlineExtensionRefused),
    "proposed": Branch(t.ClusterProposed),
    "rejected": Branch(t.TicketRejected),
    "cancelled": Branch(t.TicketCancelled),
    "parked": Branch(t.TicketParked),
    "urgency_raised": Branch(t.TicketUrgencyRaised),
    "closure_doubted": Branch(t.TicketClosureDoubted),
    "unattended": Branch(t.TicketUnattended),
    "told_in_fallback": Branch(n.NotificationSent, lambda said: said.fell_back is True),
}
"""Further branches that are counted."""

_ALL = {**BRANCHES, **MORE}
_CAUSES: Mapping[str, Cause[Any]] = {
    "escalations": Cause(d.CaseEscalated, lambda said: said.cause),
    "exhaustions": Cause(d.CaseExhausted, lambda said: said.cause),
    "mediations_failed": Cause(d.MediationFailed, lambda said: said.cause),
    "reworks": Cause(t.TicketReworkOrdered, lambda said: said.cause),
    "breached_clocks": Cause(d.DeadlineBreached, lambda said: said.clock),
    "warnings": Cause(d.DeadlineWarned, lambda said: said.stage),
    "notices_by_template": Cause(n.NotificationSent, lambda said: said.template),
    "notices_by_locale": Cause(n.NotificationSent, lambda said: said.locale),
    "notices_by_channel": Cause(n.NotificationSent, lambda said: said.channel),
}
"""The events that are counted by a code in their data."""
_ENDS = (t.TicketClosed, t.TicketRejected, t.TicketMerged, t.TicketCancelled)
_NOTICES: Mapping[str, type[EventPayload]] = {
    "sent": n.NotificationSent,
    "attempts_failed": n.NotificationFailed,
    "exhausted": n.NotificationExhausted,
}


class Statistics:
    """Counts of events, each counted once however often it is heard, and in whatever order."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._types: Counter[str] = Counter()
        self._branches: Counter[str] = Counter()
        self._causes: dict[str, Counter[str]] = {name: Counter() for name in _CAUSES}
        self._stories: dict[str, TicketStatus] = {}

    def hear(self, event: Event) -> None:
        """Count an event."""
        if event.id in self._seen:
            return
        self._seen.add(event.id)
        self._types[event.type] += 1
        for name, branch in _ALL.items():
            self._branches[name] += branch.has(event.payload)
        for name, cause in _CAUSES.items():
            if (word := cause.of(event.payload)) is not None:
                self._causes[name][word] += 1
        self._stories.setdefault(event.subject, TicketStatus()).hear(event)

    @property
    def ended(self) -> int:
        """Return how many tickets have ended, some of them only for a while."""
        return sum(self._types[schema.type] for schema in _ENDS) - self._types[t.TicketReopened.type]

    def branches(self) -> dict[str, int]:
        """Return how often each branch occurred."""
        return {name: self._branches[name] for name in BRANCHES}

    def report(self) -> dict[str, Any]:
        """Return all counts, as JSON."""
        stories = [story for story in self._stories.values() if story.is_ticket]
        return {
            "tickets": {
                "total": len(stories),
                "by_state": _sorted(Counter(story.state for story in stories)),
                "by_urgency": _sorted(Counter(story.urgency for story in stories)),
                "by_level": _sorted(Counter(story.level for story in stories)),
                "by_cause": _sorted(Counter(story.cause for story in stories)),
            },
            "branches": self.branches(),
            "also": {name: self._branches[name] for name in MORE},
            **{name: _sorted(counter) for name, counter in self._causes.items()},
            "notices": {name: self._types[schema.type] for name, schema in _NOTICES.items()},
            "events": {"total": sum(self._types.values()), "by_type": _sorted(self._types)},
        }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    """Return the counts by name, so that equal counts are equal texts."""
    return dict(sorted(counter.items()))
