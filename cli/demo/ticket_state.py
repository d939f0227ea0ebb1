"""The state of a ticket, from the events about it alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.codes import Purpose
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload

_STATES: Mapping[str, str] = {
    t.TicketOpened.type: "open",
    t.TicketHandled.type: "handled",
    t.TicketVerified.type: "revisiting",
    t.TicketReworkOrdered.type: "handling",
    t.TicketReopened.type: "reopened",
    t.TicketClosed.type: "closed",
    t.TicketParked.type: "parked",
    t.TicketResumed.type: "handling",
    t.TicketRejected.type: "rejected",
    t.TicketMerged.type: "merged",
    t.TicketUnmerged.type: "reopened",
    t.TicketCancelled.type: "cancelled",
}
_OfLevel = d.CaseStarted | d.CaseEscalated | d.CaseResumed | d.CaseRerouted | d.CaseCompleted
NONE = "none"
"""The level of a ticket without a playbook, and the urgency of a subject that is no ticket."""


@dataclass
class TicketStatus:
    """The state of one subject. An event with a later number of its source counts, whatever the order of hearing."""

    is_ticket: bool = False
    level: str = NONE
    urgency: str = NONE
    """The urgency as it was raised last; urgency only rises."""
    _state: str = "open"
    _why: str | None = None
    _generation: int = 1
    _named: dict[Purpose, int] = field(default_factory=dict)
    """The newest generation with an assignment, by purpose."""
    _tickets_to: int = 0
    _dispatch_to: int = 0

    def hear(self, event: Event) -> None:
        """Keep an event's facts."""
        number = event.sequence or 0
        self.is_ticket = self.is_ticket or event.type == t.TicketOpened.type
        said = event.payload
        if isinstance(said, t.TicketOpened | t.TicketUrgencyRaised):
            self.urgency = min(self.urgency, str(said.urgency))
        if isinstance(said, d.AssignmentMade):
            self._named[said.purpose] = max(self._named.get(said.purpose, 0), said.generation)
        elif isinstance(said, _OfLevel) and number > self._dispatch_to:
            self._dispatch_to, self.level = number, said.level or NONE
        elif event.type in _STATES and number > self._tickets_to:
            self._tickets_to, self._state, self._why = number, _STATES[event.type], _why(said)
        self._generation = max(self._generation, generation_of(said))

    @property
    def state(self) -> str:
        """Return the state. An assignment by dispatch moves it on."""
        if self._state in {"open", "reopened"} and self._named.get(Purpose.HANDLE) == self._generation:
            return "handling"
        if self._state == "handled" and self._named.get(Purpose.VERIFY) == self._generation:
            return "verifying"
        return self._state

    @property
    def cause(self) -> str:
        """Return the state, with its reason if it has one."""
        return f"{self.state}_{self._why}" if self._why else self.state


def generation_of(payload: EventPayload) -> int:
    """Return the generation of work that an event names; 1 where it names none."""
    return int(payload.by_name().get("generation") or 1)


def _why(payload: EventPayload) -> str | None:
    if isinstance(payload, t.TicketClosed):
        return payload.closure.value
    return payload.reason.value if isinstance(payload, t.TicketRejected) else None
