"""The points held for the mediations of a ticket, and the facts that post or void them.

Facts may come in any order: each is kept, then it is seen what follows. A hold is voided when the mediation failed, the case
was withdrawn, or the ticket closed otherwise; it is posted when the ticket closed, which it does only after it was verified,
and the mediation had agreed. Once all facts are there nothing is held for a closed ticket.
"""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.codes import Outcome as Ended
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from services.ledger.domain.double_entry import Act, State, Transfer

DECIDING_EVENTS = frozenset(
    schema.type for schema in (d.MediationAgreed, d.MediationFailed, d.CaseCompleted, d.CaseWithdrawn, t.TicketClosed)
)
"""The events that `PointsHolds.take` takes."""


@dataclass
class Hold:
    """Points set aside for a mediator."""

    account: str
    amount: int
    opened_at: datetime
    settled: bool = False


@dataclass
class PointsHolds:
    """A ticket's holds by mediation, and the facts that settle them."""

    id: str
    holds: dict[str, Hold] = field(default_factory=dict)
    agreed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    """The outcome of the case, by generation."""
    closed: dict[str, datetime] = field(default_factory=dict)
    """The instant of the ticket's closure, by generation. A closure before a mediation was opened does not concern it."""
    withdrawn: bool = False

    def take(self, event: Event) -> tuple[Transfer, ...]:
        """Keep a fact; return the transfers that it settles."""
        match event.payload:
            case d.MediationAgreed(mediation=mediation):
                self.agreed.append(mediation)
            case d.MediationFailed(mediation=mediation):
                self.failed.append(mediation)
            case d.CaseCompleted(generation=generation, outcome=outcome):
                self.ended[str(generation)] = outcome.value
            case d.CaseWithdrawn():
                self.withdrawn = True
            case t.TicketClosed(generation=generation):
                self.closed[str(generation)] = event.time
        return self._settle()

    def hold(self, mediation: str, mediator: str, amount: int, at: datetime) -> tuple[Transfer, ...]:
        """Set points aside for a member who was invited to mediate. Earlier facts may settle them at once."""
        if mediation in self.holds or amount == 0:
            return ()
        self.holds[mediation] = Hold(mediator, amount, at)
        return (Transfer(f"hold:{mediation}", mediator, amount, State.HELD, Act.MEDIATION), *self._settle())

    def _settle(self) -> tuple[Transfer, ...]:
        made = []
        for mediation, hold in self.holds.items():
            decided = None if hold.settled else self._decide(mediation, hold)
            if decided:
                hold.settled = True
                state, cause = decided
                made.append(Transfer(f"{state}:{mediation}", hold.account, hold.amount, state, cause, f"hold:{mediation}"))
        return tuple(made)

    def _decide(self, mediation: str, hold: Hold) -> tuple[State, str] | None:
        if mediation in self.failed:
            return State.VOIDED, "mediation_failed"
        if self.withdrawn:
            return State.VOIDED, "case_withdrawn"
        closed = [generation for generation, at in self.closed.items() if at >= hold.opened_at]
        if closed and mediation in self.agreed:
            return State.POSTED, "mediation_agreed"
        ends = [self.ended[generation] for generation in closed if generation in self.ended]
        if ends and all(end != Ended.AGREED.value for end in ends):
            return State.VOIDED, "ended_otherwise"
        return None
