"""What people know of each ticket when they are about to act: nobody answers what is over.

An act was planned when something was heard. Until it falls due the ticket may have been merged, closed, relieved, handled by
another. `Known.still_sensible` asks what was heard meanwhile, so that what the chain then refuses is a real mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cli.demo.acts import Act, Kind
from contracts.codes import Command, Request
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.http import tickets as http

WORKED_ON, HANDLED, ASKED, CLOSED, PARKED, GONE = "worked_on", "handled", "asked", "closed", "parked", "gone"
"""Where a ticket stands, as far as people can see."""
_STANDS: Mapping[str, str] = {
    t.TicketOpened.type: WORKED_ON,
    t.TicketHandled.type: HANDLED,
    t.TicketVerified.type: ASKED,
    t.TicketReworkOrdered.type: WORKED_ON,
    t.TicketCategoryChanged.type: WORKED_ON,
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
_OVER = frozenset({d.CaseCompleted.type, d.CaseWithdrawn.type})
_NO_MORE = frozenset({d.AssignmentRelieved.type, d.AssignmentReturned.type, d.VerificationDone.type})
_MEDIATED = frozenset({d.MediationFailed.type, d.MediationAgreed.type})
_MEDIATING = frozenset({Command.SESSION.value, Command.AGREE.value, Command.FAIL.value})


@dataclass
class _Ticket:
    """What was heard of one. Numbers are the sequences of what each service said about it."""

    stands: str = WORKED_ON
    heard_to: int = 0
    generation: int = 1
    into: str | None = None
    merged_to: int = 0
    """The number of the newest event that says what it was merged into."""
    raised: bool = False
    over: int = 0
    """The last time that the work ended."""
    ruled: int = 0
    """The last ruling."""
    ruling_asked: bool = False
    renewed: dict[int, int] = field(default_factory=dict)
    """When each generation of work began."""
    done: set[str] = field(default_factory=set)
    """Assignments of which nothing more is asked, and mediations that ended."""
    consents: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    breached: dict[tuple[str | None, str], int] = field(default_factory=dict)


class Known:
    """Everything that was heard, as far as it matters to who is about to act."""

    def __init__(self) -> None:
        self._tickets: dict[str, _Ticket] = {}

    def hear(self, event: Event) -> None:
        """Keep what matters. The order in which events are heard does not."""
        ticket = self._ticket(event.subject)
        if event.type in _STANDS:
            self._stands(ticket, event)
        number = event.sequence or 0
        data = event.data
        if event.type in _OVER:
            ticket.over = max(ticket.over, number)
        elif event.type == d.CaseResumed.type:
            ticket.renewed[data["generation"]] = min(number, ticket.renewed.get(data["generation"], number))
        elif event.type == d.AssignmentRuled.type:
            ticket.ruled = max(ticket.ruled, number)
        elif event.type in _MEDIATED:
            ticket.done.add(data["mediation"])
        elif event.type == d.DeadlineBreached.type:
            clock = (data.get("assignment"), str(data["clock"]))
            ticket.breached[clock] = max(number, ticket.breached.get(clock, 0))
        elif event.type in {d.MediationConsented.type, d.MediationConsentWithdrawn.type}:
            given = (number, event.type == d.MediationConsented.type)
            who = (data["mediation"], str(data["party"]))
            ticket.consents[who] = max(given, ticket.consents.get(who, given))
        if event.type in _NO_MORE:
            ticket.done.add(data["assignment"])
        if event.type == d.AssignmentReturned.type and data.get("ruling_by"):
            ticket.ruling_asked = True

    def _stands(self, ticket: _Ticket, event: Event) -> None:
        number = event.sequence or 0
        if event.type in {t.TicketMerged.type, t.TicketUnmerged.type} and number > ticket.merged_to:
            ticket.merged_to, ticket.into = number, event.data.get("into")
        if number > ticket.heard_to:
            ticket.heard_to, ticket.stands = number, _STANDS[event.type]
            ticket.generation = max(ticket.generation, event.data.get("generation", 1))

    def still_sensible(self, act: Act) -> Act | None:
        """The act as it is to be filed now; None where it answers what is over.

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
        if event.data.get("assignment") in ticket.done and event.type == d.AssignmentMade.type:
            return False
        if name == Command.VERIFY.value:
            return True
        checks: dict[str, Callable[[], bool]] = {
            Command.RETURN.value: lambda: not ticket.ruling_asked,
            Command.HAND_UP.value: lambda: event.data["assignment"] not in {assignment for assignment, _ in ticket.breached},
            Command.RULE.value: lambda: self._may_rule(event, ticket),
            Command.SESSION.value: lambda: self._consented(event, ticket),
            Command.AGREE.value: lambda: self._consented(event, ticket),
        }
        if name in _MEDIATING and event.data["mediation"] in ticket.done:
            return False
        return ticket.over < since and (name not in checks or checks[name]())

    @staticmethod
    def _may_rule(event: Event, ticket: _Ticket) -> bool:
        since = event.sequence or 0
        if event.type == d.DeadlineExtensionAsked.type:
            return ticket.breached.get((event.data.get("assignment"), str(event.data["clock"])), 0) < since
        return ticket.ruled < since

    @staticmethod
    def _consented(event: Event, ticket: _Ticket) -> bool:
        parties = event.data["parties"]
        return all(ticket.consents.get((event.data["mediation"], str(party)), (0, False))[1] for party in parties)

    @staticmethod
    def _request(act: Act, event: Event, ticket: _Ticket) -> bool:
        if act.name in {Request.CONSENT.value, Request.WITHDRAW.value}:
            return ticket.stands in _OPEN and event.data["mediation"] not in ticket.done
        if act.name == Request.CANCEL.value:
            return ticket.stands in _OPEN
        wanted = ASKED if act.name == Request.RATE.value else CLOSED
        return ticket.stands == wanted and ticket.generation == event.data["generation"]

    def _desk(self, act: Act, event: Event, ticket: _Ticket) -> bool:
        if act.name == http.MERGE.id:
            survivor = act.data["into"]
            return ticket.stands == WORKED_ON and survivor != act.subject and self._ticket(survivor).stands in _OPEN
        if act.name == http.RAISE_URGENCY.id:
            return ticket.stands in _OPEN and event.data["urgency"] > act.data["urgency"]
        wanted = {http.PARK.id: _OPEN - {PARKED}, http.RESUME.id: frozenset({PARKED})}
        return ticket.stands in wanted.get(act.name, frozenset({WORKED_ON}))
