"""The domains of tickets and dispatch, in one process and without any I/O: events in a row, timers in a heap.

The replay that moves it is the shipped one; it does by hand what the two services' handlers do, and nothing else: who is told,
and what is recorded, is not in it. What keeps it honest is tests/chain/test_demo.py, in which the real services say the
same of the first whistles, event by event. What it is for: the whole night, with any seed, in two seconds.
"""

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from chassis.effects import ArmTimer, DomainEvent, Effects, Refused
from cli.demo.acts import Act, Kind
from cli.demo.config import DemoConfig
from cli.demo.replay import Replay
from cli.demo.requests import Whistle
from cli.demo.statistics import Statistics
from contracts.codes import Command, Party, Purpose, RejectReason, Request, Urgency
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.events.intake import WhistleBlown
from contracts.http import tickets as http
from services.dispatch.domain import commands, pauses, ticket_reactions
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.playbook import choose
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses import timer_handlers
from services.tickets.domain import duplicates, mergers, operator_commands, resident_commands
from services.tickets.domain.match_keys import MatchKeys
from services.tickets.domain.ticket import COMPARE, REVIEW, REVISIT, WATCHDOG, Ticket
from services.tickets.domain.whistle import ticket_from_whistle
from tests.unit.demo.shipped import BOOK, CALENDAR, COMPLAINTS, CONFIG, DIRECTORY, STANDARDS, TICKET_RULES

REGION = "CN"
"""The country of telephone numbers, as in a deployment that says nothing."""


@dataclass
class Chain:
    """A run. ``refused`` are the commands that the chain said no to."""

    demo_config: DemoConfig = CONFIG
    one_by_one: bool = False
    """What an act makes happen is heard before the next one is filed, even where many are filed in the same moment."""
    heard: list[Event] = field(default_factory=list)
    refused: list[tuple[Act, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.replay = Replay(self.demo_config)
        self.tickets: dict[str, Ticket] = {}
        self.cases: dict[str, Case] = {}
        self._of = {one.id: one for one in self.demo_config.whistles}
        self._timers: list[tuple[datetime, int, ArmTimer]] = []
        self._armed: dict[tuple[str, str], ArmTimer] = {}
        self._counted = count()
        self._said: deque[Event] = deque()
        self._numbers: dict[tuple[str, str], int] = {}
        self._keys = MatchKeys(self.demo_config.rules.secret.encode(), REGION, TICKET_RULES.shared_contacts)

    def run(self) -> "Chain":
        """Run until nothing is left to wait for, or the time of the replay is over."""
        self.replay.run(self)
        return self

    @property
    def at(self) -> datetime:
        """Business time."""
        return self.replay.clock.now()

    @property
    def statistics(self) -> Statistics:
        """Return the counts of the events."""
        return self.replay.statistics

    # --- what the replay asks

    def settle(self) -> None:
        """See `cli.demo.replay.Chain`."""
        self._react_to_all()
        while due := list(self._due()):
            for *_, timer in sorted(due):
                if self._is_armed(timer):
                    self._ring(timer)
            self._react_to_all()

    def next_due(self) -> datetime | None:
        """See `cli.demo.replay.Chain`."""
        while self._timers and not self._is_armed(self._timers[0][-1]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def file(self, acts: Sequence[Act], now: datetime) -> list[tuple[Act, str]]:
        """See `cli.demo.replay.Chain`."""
        refused = [(act, why) for act in acts if (why := self._file(act)) is not None]
        self.refused += refused
        return refused

    # --- what is said, and who reacts

    def _note(self, source: str, outcome: tuple[Any, ...]) -> None:
        for effect in outcome:
            if isinstance(effect, DomainEvent):
                self._say(source, effect)
            elif isinstance(effect, ArmTimer):
                self._armed[effect.subject, effect.name] = effect
                heapq.heappush(self._timers, (effect.due.astimezone(UTC), next(self._counted), effect))
            else:
                self._armed.pop((effect.subject, effect.name), None)

    def _say(self, source: str, happened: DomainEvent) -> None:
        number = self._numbers[source, happened.subject] = self._numbers.get((source, happened.subject), 0) + 1
        id_ = f"{source}|{happened.subject}|{number}"
        event = Event(happened.payload, source, happened.subject, id_, self.at, sequence=number)
        self._said.append(event)
        self.heard.append(event)

    def _react_to_all(self) -> None:
        while self._said:
            event = self._said.popleft()
            self._react(event)
            self.replay.hear(event)

    def _react(self, event: Event) -> None:
        ticket, case, data = self.tickets.get(event.subject), self.cases.get(event.subject), event.payload.by_name()
        assert ticket is not None
        if event.type == t.TicketOpened.type:
            self._start(ticket)
        elif event.source == "/tickets":
            assert case is not None
            self._note("/dispatch", self._to_case(event.type, case, data))
        else:
            self._note("/tickets", self._to_ticket(event.type, ticket, data))

    def _start(self, ticket: Ticket) -> None:
        case = Case(
            ticket.id,
            ticket.category,
            ticket.area,
            ticket.estate,
            ticket.urgency,
            ticket.dispute,
            ticket.opened_at,
            choose((BOOK,), ticket.category),
        )
        self.cases[ticket.id] = case
        self._note("/dispatch", ticket_reactions.opened(case, self.context()))

    def _to_case(self, type_: str, case: Case, data: Mapping[str, Any]) -> Effects:
        takes = {
            t.TicketHandled.type: lambda: ticket_reactions.handled(
                case, data["generation"], data["handled_by"], self.context()
            ),
            t.TicketReworkOrdered.type: lambda: ticket_reactions.again(case, data["generation"], self.context()),
            t.TicketReopened.type: lambda: ticket_reactions.again(case, data["generation"], self.context()),
            t.TicketRejected.type: lambda: ticket_reactions.withdrawn(case, "rejected"),
            t.TicketMerged.type: lambda: ticket_reactions.withdrawn(case, "merged"),
            t.TicketCancelled.type: lambda: ticket_reactions.withdrawn(case, "cancelled"),
            t.TicketParked.type: lambda: pauses.parked(case, data["review_at"], self.context()),
            t.TicketResumed.type: lambda: pauses.resume(case, self.context()),
            t.TicketUrgencyRaised.type: lambda: ticket_reactions.urgency_raised(case, data["urgency"], self.context()),
        }
        return takes[type_]() if type_ in takes else Effects()

    def _to_ticket(self, type_: str, ticket: Ticket, data: Mapping[str, Any]) -> Effects:
        if type_ == d.CaseStarted.type:
            return ticket.case_started(data["level"])
        if type_ == d.CaseCompleted.type:
            return ticket.case_completed(data["generation"], data["handled_by"], data["level"])
        if type_ == d.VerificationDone.type:
            return ticket.verification_done(data["generation"], data["by"], data["passed"], TICKET_RULES, self.at)
        if type_ == d.AssignmentMade.type and data["purpose"] is Purpose.VERIFY:
            return ticket.verification_assigned(data["generation"])
        if type_ == d.AssignmentMade.type:
            return ticket.work_assigned(data["generation"], data["level"])
        return Effects()

    def context(self) -> CaseContext:
        """Return dispatch's present knowledge."""
        return CaseContext(DIRECTORY, CALENDAR, STANDARDS, self.at)

    # --- acts

    def _file(self, act: Act) -> str | None:
        try:
            if act.kind is Kind.WHISTLE:
                self._open(self._of[act.id])
            elif act.kind is Kind.REPORT:
                self._note("/dispatch", commands.execute(self.cases[act.subject], self._report(act), self.context()))
            elif act.name in {Request.CONSENT, Request.WITHDRAW}:
                self._note("/dispatch", self._consent(act))
            else:
                self._note("/tickets", self._on_ticket(act))
        except Refused as no:
            return f"{type(no).__name__}: {no}"
        if self.one_by_one:
            self._react_to_all()
        return None

    def _open(self, one: Whistle) -> None:
        category = COMPLAINTS.categories[one.data["category"]]
        urgency = Urgency(one.data["urgency"]) if "urgency" in one.data else None
        whistle = WhistleBlown.of({**one.data, "urgency": urgency})
        ticket = ticket_from_whistle(one.ticket, whistle, category.urgency, category.dispute, self.at, self._keys)
        self.tickets[ticket.id] = ticket
        self._note("/tickets", ticket.open(TICKET_RULES))

    @staticmethod
    def _report(act: Act) -> Report:
        said = {name: act.data.get(name) for name in ("passed", "reason", "to", "until")}
        return Report(Command(act.name), act.data["unit"], act.account, **said)

    def _consent(self, act: Act) -> Effects:
        case, party = self.cases[act.subject], Party(act.data["party"])
        return commands.execute_request(case, Request(act.name), party, self.context())

    def _on_ticket(self, act: Act) -> Effects:
        ticket, data = self.tickets[act.subject], act.data
        takes = {
            Request.RATE.value: lambda: resident_commands.rate(ticket, data["resolved"], data["satisfied"], self.at),
            Request.REOPEN.value: lambda: resident_commands.reopen(ticket, TICKET_RULES, self.at),
            Request.CANCEL.value: lambda: resident_commands.cancel(ticket),
            http.MERGE.id: lambda: self._merge(ticket, self.tickets[data["into"]]),
            http.REJECT.id: lambda: operator_commands.reject(ticket, RejectReason(data["reason"])),
            http.PARK.id: lambda: operator_commands.park(ticket, data["reason"], data["review_at"], self.at),
            http.RESUME.id: lambda: operator_commands.resume(ticket, TICKET_RULES, self.at),
            http.RAISE_URGENCY.id: lambda: operator_commands.raise_urgency(ticket, Urgency(data["urgency"])),
        }
        return takes[act.name]()

    @staticmethod
    def _merge(ticket: Ticket, survivor: Ticket) -> Effects:
        return mergers.merge(ticket, survivor) + mergers.take_urgency(survivor, ticket)

    # --- timers

    def _is_armed(self, timer: ArmTimer) -> bool:
        return self._armed.get((timer.subject, timer.name)) is timer

    def _due(self) -> Iterator[tuple[str, datetime, int, ArmTimer]]:
        """Return the timers that fire together, in the order in which the chassis fires them."""
        while (due := self.next_due()) is not None and due <= self.at:
            due, number, timer = heapq.heappop(self._timers)
            yield timer.subject, due, number, timer

    def _ring(self, timer: ArmTimer) -> None:
        subject, name, generation = timer.subject, timer.name, timer.generation
        del self._armed[subject, name]
        ticket = self.tickets[subject]
        if name == COMPARE:
            self._compare(ticket)
        elif name == WATCHDOG:
            self._note("/tickets", ticket.unattended(generation, TICKET_RULES, self.at))
        elif name == REVISIT:
            self._note("/tickets", ticket.revisit_lapsed(generation, self.at))
        elif name == REVIEW:
            self._note("/tickets", operator_commands.review(ticket, TICKET_RULES, self.at))
        elif (kind := name.partition(":")[0]) in timer_handlers():
            take = timer_handlers()[kind]
            self._note("/dispatch", take(self.cases[subject], name.partition(":")[2], generation, self.context()))
        else:
            self._note("/dispatch", ticket_reactions.rang(self.cases[subject], name, generation, self.context()))

    def _compare(self, ticket: Ticket) -> None:
        others = [one for one in self.tickets.values() if one.category == ticket.category and one.id != ticket.id]
        for pair in duplicates.find_duplicates(ticket, others, TICKET_RULES.duplicates):
            self._note("/tickets", duplicates.propose_duplicate(self.tickets[pair.newer], pair))
        doubtful = duplicates.find_doubted_closure(ticket, others, TICKET_RULES.doubts)
        if doubtful is not None:
            self._note("/tickets", duplicates.doubt_closure(self.tickets[doubtful], ticket.id))
