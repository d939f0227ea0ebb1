"""Points as double entry: every transfer debits one account and credits another by the same amount.

Nothing that was entered ever changes. A hold sets points aside; it is resolved once, by a second transfer that posts or
voids it. A correction is a transfer the other way round. So debits equal credits at every moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chassis.outcome import Happened, Outcome
from contracts.codes import Outcome as Ended
from contracts.events import dispatch as d
from contracts.events import ledger as say
from contracts.events import tickets as t

ISSUED = ".issued"
"""The community's own account, from which points come. No responder's id is likely to begin with a dot."""


STAKED = {
    schema.type
    for schema in (
        d.MediationOpened,
        d.MediationAgreed,
        d.MediationFailed,
        d.CaseCompleted,
        d.CaseWithdrawn,
        t.TicketClosed,
    )
}
"""What decides whether a hold is posted or voided."""


class State(StrEnum):
    """What a transfer does: set aside, book, or let go what was set aside."""

    HELD = "held"
    POSTED = "posted"
    VOIDED = "voided"


class Side(StrEnum):
    """Which side of an account."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Row:
    """One side of a transfer. ``settles`` is the hold that this transfer posts or voids."""

    transfer: str
    side: Side
    account: str
    amount: int
    state: State
    cause: str
    settles: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points from the community's account to a member's. ``id`` follows from what it is for, so that it is booked once."""

    id: str
    account: str
    amount: int
    state: State
    cause: str
    settles: str | None = None

    def rows(self) -> tuple[Row, Row]:
        """Both sides."""
        return self._row(Side.DEBIT, ISSUED), self._row(Side.CREDIT, self.account)

    def said(self) -> Happened:
        """The event about the member's side."""
        schema = {State.HELD: say.PointsHeld, State.POSTED: say.PointsPosted, State.VOIDED: say.PointsVoided}[self.state]
        data = {"entry": self.id, "account": self.account, "amount": self.amount, "cause": self.cause}
        return Happened(schema, self.account, data)

    def _row(self, side: Side, account: str) -> Row:
        return Row(self.id, side, account, self.amount, self.state, self.cause, self.settles)


@dataclass(frozen=True, slots=True)
class Balance:
    """``posted`` is what the account owns, ``held`` what is set aside for it."""

    posted: int = 0
    held: int = 0


def balances(rows: Iterable[Row]) -> dict[str, Balance]:
    """Every account's balance: credits minus debits."""
    made: dict[str, Balance] = {}
    for row in rows:
        sign = row.amount if row.side is Side.CREDIT else -row.amount
        was = made.get(row.account, Balance())
        posted = was.posted + (sign if row.state is State.POSTED else 0)
        held = was.held + (sign if row.state is State.HELD else 0) - (sign if row.settles else 0)
        made[row.account] = Balance(posted, held)
    return made


@dataclass
class Account:
    """A member's account. Opened once, however often the responder is registered anew."""

    id: str
    opened: bool = False

    def open(self, amount: int) -> tuple[Transfer, ...]:
        """The opening points, as a posting like any other."""
        if self.opened:
            return ()
        self.opened = True
        return (Transfer(f"opening:{self.id}", self.id, amount, State.POSTED, "opening"),)


@dataclass
class Hold:
    """Points set aside for a mediator."""

    account: str
    amount: int
    opened_at: datetime
    settled: bool = False


@dataclass
class Stake:
    """What is held for the mediations of a ticket. Facts may come in any order: each is kept, then it is seen what follows.

    A hold is voided when the mediation failed, the case was withdrawn, or the ticket closed otherwise; it is posted when
    the ticket closed after the mediation agreed. Once all facts are there nothing is held for a closed ticket.
    """

    id: str
    holds: dict[str, Hold] = field(default_factory=dict)
    agreed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    """How the case ended, by generation."""
    closed: dict[str, datetime] = field(default_factory=dict)
    """When the ticket was closed, by generation. A closure before a mediation was opened says nothing about it."""
    withdrawn: bool = False

    def opened_mediation(self, mediation: str, mediator: str, amount: int, at: datetime) -> tuple[Transfer, ...]:
        """A mediator was invited: hold the points."""
        if mediation in self.holds or amount == 0:
            return ()
        self.holds[mediation] = Hold(mediator, amount, at)
        return (Transfer(f"hold:{mediation}", mediator, amount, State.HELD, "mediation"), *self._settle())

    def agreed_mediation(self, mediation: str) -> tuple[Transfer, ...]:
        """The parties agreed."""
        self.agreed.append(mediation)
        return self._settle()

    def failed_mediation(self, mediation: str) -> tuple[Transfer, ...]:
        """The parties did not agree."""
        self.failed.append(mediation)
        return self._settle()

    def completed_case(self, generation: int, outcome: Ended) -> tuple[Transfer, ...]:
        """The responders are done."""
        self.ended[str(generation)] = outcome.value
        return self._settle()

    def withdrawn_case(self) -> tuple[Transfer, ...]:
        """Rejected, merged or cancelled."""
        self.withdrawn = True
        return self._settle()

    def closed_ticket(self, generation: int, at: datetime) -> tuple[Transfer, ...]:
        """It was verified, and it is closed."""
        self.closed[str(generation)] = at
        return self._settle()

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


def settled(said: Iterable[Transfer]) -> Outcome:
    """The events of some transfers."""
    return Outcome(*(transfer.said() for transfer in said))
