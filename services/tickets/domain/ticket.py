"""The ticket: from whistle to closure, its identity never changes.

    open → handling → handled → verifying → revisiting → closed;  verifying, revisiting → handling (rework)

Every method takes a fact and answers what happened. A fact that comes late, or belongs to an older generation of work, is an
explicit no-op. ``generation`` counts how often the ticket has been worked on.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chassis.outcome import NOTHING, Arm, Disarm, Happened, Outcome, Refused
from contracts.codes import Channel, Closure, Urgency
from contracts.events import tickets as say
from services.tickets.domain.rules import Rules

WATCHDOG, REVISIT = "watchdog", "revisit"


class State(StrEnum):
    """Where the matter stands."""

    OPEN = "open"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFYING = "verifying"
    REVISITING = "revisiting"
    CLOSED = "closed"


class SelfVerification(Refused):
    """Who handled it may not verify it."""


class NotAsked(Refused):
    """The resident answers a question that is not, or no longer, asked."""


@dataclass
class Ticket:
    """One matter."""

    id: str
    category: str
    area: str
    estate: str | None
    urgency: Urgency
    dispute: bool
    channel: Channel
    opened_at: datetime
    has_contact: bool
    private_digest: str
    state: State = State.OPEN
    generation: int = 1
    handled_by: list[str] = field(default_factory=list)
    closure: Closure | None = None

    def open(self, rules: Rules) -> Outcome:
        """The whistle became a ticket; the watchdog waits for dispatch."""
        opened = Happened(
            say.TicketOpened,
            self.id,
            {
                "category": self.category,
                "area": self.area,
                "estate": self.estate,
                "urgency": self.urgency,
                "dispute": self.dispute,
                "channel": self.channel,
                "opened_at": self.opened_at,
                "private_digest": self.private_digest,
            },
        )
        return Outcome(opened, Arm(self.id, WATCHDOG, self.opened_at + rules.watchdog, self.generation))

    def case_started(self) -> Outcome:
        """Dispatch took it up."""
        if self.state is not State.OPEN:
            return NOTHING
        self.state = State.HANDLING
        return Outcome(Disarm(self.id, WATCHDOG))

    def unattended(self, rules: Rules, at: datetime) -> Outcome:
        """The watchdog rang: nobody took the ticket up. It goes on ringing until somebody does."""
        if self.state is not State.OPEN:
            return NOTHING
        waited = int((at - self.opened_at).total_seconds())
        return Outcome(
            Happened(say.TicketUnattended, self.id, {"waited_seconds": waited}),
            Arm(self.id, WATCHDOG, at + rules.watchdog * 10, self.generation),
        )

    def case_completed(self, generation: int, handled_by: list[str]) -> Outcome:
        """The responders say done."""
        if generation != self.generation or self.state not in {State.OPEN, State.HANDLING}:
            return NOTHING
        self.state = State.HANDLED
        self.handled_by = list(handled_by)
        handled = Happened(say.TicketHandled, self.id, {"generation": generation, "handled_by": self.handled_by})
        return Outcome(handled, Disarm(self.id, WATCHDOG))

    def verification_assigned(self, generation: int) -> Outcome:
        """Somebody was asked to check."""
        if generation == self.generation and self.state is State.HANDLED:
            self.state = State.VERIFYING
        return NOTHING

    def verification_done(self, generation: int, by: str, passed: bool, rules: Rules, at: datetime) -> Outcome:
        """Somebody checked. Raises SelfVerification where it is a unit that handled it."""
        if generation != self.generation or self.state not in {State.HANDLED, State.VERIFYING}:
            return NOTHING
        if by in self.handled_by:
            raise SelfVerification(f"unit: {by!r} handled generation {generation} and may not verify it")
        if not passed:
            return self._rework("verification")
        verified = Happened(say.TicketVerified, self.id, {"generation": generation, "verified_by": by})
        if not self.has_contact:
            return Outcome(verified) + self._close(Closure.NO_CONTACT)
        self.state = State.REVISITING
        return Outcome(verified, Arm(self.id, REVISIT, at + rules.revisit, generation))

    def rated(self, resolved: bool, satisfied: bool) -> Outcome:
        """The resident answered: not solved means rework. Raises NotAsked unless the revisit is on."""
        if self.state is not State.REVISITING:
            raise NotAsked(f"request: ticket is {self.state.value}, the resident is asked only while it is revisiting")
        rated = Outcome(Happened(say.TicketRated, self.id, {"resolved": resolved, "satisfied": satisfied}))
        if not resolved:
            return rated + (Disarm(self.id, REVISIT),) + self._rework("dissatisfied")
        return rated + self._close(Closure.SATISFIED if satisfied else Closure.DISSATISFIED)

    def revisit_lapsed(self, generation: int) -> Outcome:
        """No answer in time."""
        if generation != self.generation or self.state is not State.REVISITING:
            return NOTHING
        return self._close(Closure.NO_ANSWER)

    def _rework(self, cause: str) -> Outcome:
        self.generation += 1
        self.state = State.HANDLING
        self.handled_by = []
        return Outcome(Happened(say.TicketReworkOrdered, self.id, {"generation": self.generation, "cause": cause}))

    def _close(self, closure: Closure) -> Outcome:
        self.state = State.CLOSED
        self.closure = closure
        closed = Happened(say.TicketClosed, self.id, {"closure": closure, "generation": self.generation})
        return Outcome(closed, Disarm(self.id, REVISIT))
