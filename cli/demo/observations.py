"""The people's observations of each ticket, by which an action that no longer makes sense is dropped.

An act was planned when something was heard. Until it falls due the ticket may have been merged, closed, relieved, handled by
another. `Observations.still_sensible` asks what was heard meanwhile, so that what the chain then refuses is a real mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cli.demo.acts import Act, Kind
from cli.demo.ticket_state import generation_of
from contracts.codes import Command, Request
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.http import tickets as http
from contracts.payload import EventPayload

WORKED_ON, HANDLED, ASKED, CLOSED, PARKED, GONE = "worked_on", "handled", "asked", "closed", "parked", "gone"
"""The states of a ticket as people can see them."""
_STANDS: Mapping[str, str] = {
    t.TicketOpened.type: WORKED_ON,
    t.TicketHandled.type: HANDLED,
    t.TicketVerified.type: ASKED,
    t.TicketReworkOrdered.type: WORKED_ON,
    t.TicketCategoryChanged.type: WORKED_ON,
    t.TicketCategoryChangedV1.type: WORKED_ON,
    t.TicketReopened.type: WORKED_ON,
    t.TicketClosed.type: CLOSED,
    t.TicketParked.type: PARKED,
    t.TicketResumed.type: WORKED_ON,
    t.TicketRejected.type: GONE,
    t.TicketMerged.type: GONE,
    t.TicketUnmerged.type: WORKED_ON,
    t.TicketCancelled.type: GONE,
}
_OPEN = frozenset({WORKED_ON, HANDLED, ASKED, PARKED})
_MEDIATING = frozenset({Command.SESSION.value, Command.AGREE.value, Command.FAIL.value})


@dataclass
class _Ticket:
    """The observations of one ticket. Numbers are the sequences of each service's events about it."""

    stands: str = WORKED_ON
    heard_to: int = 0
    generation: int = 1
    into: str | None = None
    merged_to: int = 0
    """The number of the newest event about the ticket's merger."""
    raised: bool = False
    over: int = 0
    """The number of the last event that ended the work."""
    ruled: int = 0
    """The number of the last ruling."""
    ruling_asked: bool = False
    renewed: dict[int, int] = field(default_factory=dict)
    """The number of the event that began each generation of work."""
    done: set[str] = field(default_factory=set)
    """The assignments that need no further action, and the ended mediations."""
    consents: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    breached: dict[tuple[str | None, str], int] = field(default_factory=dict)


class Observations:
    """All observations that matter to a person who is about to act."""

    def __init__(self) -> None:
        self._tickets: dict[str, _Ticket] = {}

    def hear(self, event: Event) -> None:
        """Keep an event's facts. The order of the events does not matter."""
        ticket = self._ticket(event.subject)
        if event.type in _STANDS:
            self._stands(ticket, event)
        number = event.sequence or 0
        said = event.payload
        match said:
            case d.CaseCompleted() | d.CaseWithdrawn():
                ticket.over = max(ticket.over, number)
            case d.CaseResumed(generation=generation):
                ticket.renewed[generation] = min(number, ticket.renewed.get(generation, number))
            case d.AssignmentRuled():
                ticket.ruled = max(ticket.ruled, number)
            case d.MediationFailed(mediation=mediation) | d.MediationAgreed(mediation=mediation):
                ticket.done.add(mediation)
            case d.DeadlineBreached():
                clock = (said.assignment, str(said.clock))
                ticket.breached[clock] = max(number, ticket.breached.get(clock, 0))
            case d.MediationConsented() | d.MediationConsentWithdrawn():
                given = (number, isinstance(said, d.MediationConsented))
                who = (said.mediation, str(said.party))
                ticket.consents[who] = max(given, ticket.consents.get(who, given))
        if isinstance(said, d.AssignmentRelieved | d.AssignmentReturned | d.VerificationDone):
            ticket.done.add(said.assignment)
        if isinstance(said, d.AssignmentReturned) and said.ruling_by:
            ticket.ruling_asked = True

    def _stands(self, ticket: _Ticket, event: Event) -> None:
        number, said = event.sequence or 0, event.payload
        if isinstance(said, t.TicketMerged | t.TicketUnmerged) and number > ticket.merged_to:
            ticket.merged_to, ticket.into = number, said.into if isinstance(said, t.TicketMerged) else None
        if number > ticket.heard_to:
            ticket.heard_to, ticket.stands = number, _STANDS[event.type]
            ticket.generation = max(ticket.generation, generation_of(said))

    def revalidated(self, act: Act) -> Act | None:
        """Return the act as it is to be submitted now; None for an act that no longer makes sense.

        A merger goes into whatever its survivor was merged into meanwhile. Who ends a ticket knows it at once.
        """
        if act.kind is Kind.WHISTLE or act.answers is None:
            return act
        ticket, event = self._ticket(act.subject), act.answers
        if act.kind is Kind.REPORT:
            return act if self._report(act, event, ticket) else None
        asked = self._request if act.kind is Kind.REQUEST else self._desk
        if act.name == http.MERGE.id:
            act = replace(act, data={**act.data, "into": self._survivor(act.data["into"])})
        if not asked(act, event, ticket):
            return None
        if act.name == http.MERGE.id:
            ticket.into = act.data["into"]
        if act.name in {http.MERGE.id, http.REJECT.id, Request.CANCEL.value}:
            ticket.stands = GONE
        return act

    # --- within

    def _ticket(self, id_: str) -> _Ticket:
        return self._tickets.setdefault(id_, _Ticket())

    def _survivor(self, id_: str) -> str:
        seen = set()
        while (into := self._ticket(id_).into) is not None and id_ not in seen:
            seen.add(id_)
            id_ = into
        return id_

    def _report(self, act: Act, event: Event, ticket: _Ticket) -> bool:
        since, name = event.sequence or 0, act.name
        if ticket.stands == GONE or any(began > since for number, began in ticket.renewed.items() if number > 1):
            return False
        if name == Command.PERFORM.value:
            return True
        said = event.payload
        if isinstance(said, d.AssignmentMade) and said.assignment in ticket.done:
            return False
        if name == Command.VERIFY.value:
            return True
        checks: dict[str, Callable[[], bool]] = {
            Command.RETURN.value: lambda: not ticket.ruling_asked,
            Command.HAND_UP.value: lambda: not _is_breached(said, ticket),
            Command.RULE.value: lambda: _may_rule(said, since, ticket),
            Command.SESSION.value: lambda: _consented(said, ticket),
            Command.AGREE.value: lambda: _consented(said, ticket),
        }
        if name in _MEDIATING and not _is_mediated(said, ticket):
            return False
        return ticket.over < since and (name not in checks or checks[name]())

    @staticmethod
    def _request(act: Act, event: Event, ticket: _Ticket) -> bool:
        if act.name in {Request.CONSENT.value, Request.WITHDRAW.value}:
            return ticket.stands in _OPEN and _is_mediated(event.payload, ticket)
        if act.name == Request.CANCEL.value:
            return ticket.stands in _OPEN
        wanted = ASKED if act.name == Request.RATE.value else CLOSED
        return ticket.stands == wanted and ticket.generation == generation_of(event.payload)

    def _desk(self, act: Act, event: Event, ticket: _Ticket) -> bool:
        if act.name == http.MERGE.id:
            survivor = act.data["into"]
            return ticket.stands == WORKED_ON and survivor != act.subject and self._ticket(survivor).stands in _OPEN
        if act.name == http.RAISE_URGENCY.id:
            opened = event.payload
            return ticket.stands in _OPEN and isinstance(opened, t.TicketOpened) and opened.urgency > act.data["urgency"]
        wanted = {http.PARK.id: _OPEN - {PARKED}, http.RESUME.id: frozenset({PARKED})}
        return ticket.stands in wanted.get(act.name, frozenset({WORKED_ON}))


def _is_breached(said: EventPayload, ticket: _Ticket) -> bool:
    """Return whether a deadline of the assignment ran out."""
    return isinstance(said, d.AssignmentMade) and said.assignment in {assignment for assignment, _ in ticket.breached}


def _is_mediated(said: EventPayload, ticket: _Ticket) -> bool:
    """Return whether the mediation goes on."""
    return isinstance(said, d.MediationOpened) and said.mediation not in ticket.done


def _may_rule(said: EventPayload, since: int, ticket: _Ticket) -> bool:
    if isinstance(said, d.DeadlineExtensionAsked):
        return ticket.breached.get((said.assignment, str(said.clock)), 0) < since
    return ticket.ruled < since


def _consented(said: EventPayload, ticket: _Ticket) -> bool:
    """Return whether every party of the mediation consents."""
    if not isinstance(said, d.MediationOpened):
        return False
    return all(ticket.consents.get((said.mediation, party), (0, False))[1] for party in said.parties)
