"""Points as double entry: every transfer debits one account and credits another by the same amount.

Nothing that was entered ever changes. A hold sets points aside; it is resolved once, by a second transfer that posts or
voids it. A correction is a transfer the other way round. So debits equal credits at every moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from chassis.effects import DomainEvent, Effects, Refused
from contracts.events import ledger as events

ISSUED = ".issued"
"""The community's own account, from which points are issued. No responder's id is likely to begin with a dot."""
OPENING = "opening"


class Act(StrEnum):
    """An act that earns points. The deployment sets how many; the act's rule decides whether they are posted."""

    MEDIATION = "mediation"


class State(StrEnum):
    """The state of a transfer: points held, posted, or released from a hold."""

    HELD = "held"
    POSTED = "posted"
    VOIDED = "voided"


class Side(StrEnum):
    """The side of an account."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a transfer. ``settles`` is the hold that this transfer posts or voids."""

    transfer: str
    side: Side
    account: str
    amount: int
    state: State
    cause: str
    settles: str | None = None


class _Names(TypedDict):
    """The fields of every event about points."""

    entry: str
    account: str
    amount: int
    cause: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of points from the community's account to a member's. The id follows from its reason, so that it is booked
    once.

    One that ``corrects`` another takes its points back.
    """

    id: str
    account: str
    amount: int
    state: State
    cause: str
    settles: str | None = None
    corrects: str | None = None

    def rows(self) -> tuple[Posting, Posting]:
        """Return both sides."""
        giver, taker = (self.account, ISSUED) if self.corrects else (ISSUED, self.account)
        return self._row(Side.DEBIT, giver), self._row(Side.CREDIT, taker)

    def said(self) -> DomainEvent:
        """Return the event about the member's side."""
        kinds: dict[State, type[events.Points]] = {
            State.HELD: events.PointsHeld,
            State.POSTED: events.PointsPosted,
            State.VOIDED: events.PointsVoided,
        }
        names: _Names = {"entry": self.id, "account": self.account, "amount": self.amount, "cause": self.cause}
        if self.corrects:
            return DomainEvent(events.PointsCorrected(**names, corrects=self.corrects), self.account)
        return DomainEvent(kinds[self.state](**names), self.account)

    def _row(self, side: Side, account: str) -> Posting:
        return Posting(self.id, side, account, self.amount, self.state, self.cause, self.settles)


def opening_transfer(account: str, amount: int) -> Transfer:
    """Return the posting with which a member begins."""
    return Transfer(f"{OPENING}:{account}", account, amount, State.POSTED, OPENING)


def correcting_transfer(rows: Iterable[Posting], cause: str) -> Transfer:
    """Return the transfer that takes a posted one back; ``rows`` are the posted one's. Its id follows, so that it is booked
    once.

    Raises Refused for a hold or what settles none: a hold is let go by what it waits for; and for a correction itself.
    """
    member = next((row for row in rows if row.account != ISSUED), None)
    if member is None:
        raise Refused("entry: there is no such entry")
    if member.state is not State.POSTED or member.side is not Side.CREDIT:
        raise Refused("entry: only points that were posted to a member can be taken back")
    return Transfer(
        f"correction:{member.transfer}", member.account, member.amount, State.POSTED, cause, corrects=member.transfer
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's balance: ``posted`` points are owned, ``held`` ones are set aside."""

    posted: int = 0
    held: int = 0


def balances(rows: Iterable[Posting]) -> dict[str, Balance]:
    """Return every account's balance: credits minus debits."""
    made: dict[str, Balance] = {}
    for row in rows:
        sign = row.amount if row.side is Side.CREDIT else -row.amount
        was = made.get(row.account, Balance())
        posted = was.posted + (sign if row.state is State.POSTED else 0)
        held = was.held + (sign if row.state is State.HELD else 0) - (sign if row.settles else 0)
        made[row.account] = Balance(posted, held)
    return made


def events_of(transfers: Iterable[Transfer]) -> Effects:
    """Return the events of some transfers."""
    return Effects(*(transfer.said() for transfer in transfers))
