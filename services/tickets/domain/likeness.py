"""Which tickets are like which: duplicates of an open ticket, and whistles that put a closure in doubt.

Tickets are alike where they have the same category and their places are near; one without a place is like none. Which of a
pair is the duplicate does not depend on which found the other: of two that are opened in the same moment, each may.
"""

import math
from dataclasses import dataclass

from chassis.outcome import NOTHING, Happened, Outcome
from contracts.events import tickets as say
from services.tickets.domain.coordinates import metres
from services.tickets.domain.rules import Near
from services.tickets.domain.state import OPEN_STATES, State
from services.tickets.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``newer`` looks like ``older``, so many metres from it."""

    newer: str
    older: str
    metres: float


def duplicates(ticket: Ticket, others: list[Ticket], near: Near) -> list[Duplicate]:
    """The pairs that the ticket makes with others: what it looks like itself (the nearest alone), and what looks like it."""
    pairs = [pair for other in others if (pair := _duplicate(ticket, other, near))]
    mine = sorted((pair for pair in pairs if pair.newer == ticket.id), key=lambda pair: (pair.metres, pair.older))
    return mine[:1] + sorted((pair for pair in pairs if pair.older == ticket.id), key=lambda pair: pair.newer)


def propose(newer: Ticket, pair: Duplicate) -> Outcome:
    """Propose it to the operators, once in the newer ticket's life."""
    if newer.looks_like is not None or newer.state not in OPEN_STATES:
        return NOTHING
    newer.looks_like = pair.older
    return Outcome(Happened(say.ClusterProposed(like=pair.older, metres=math.ceil(pair.metres)), newer.id))


def doubts(ticket: Ticket, closed: list[Ticket], near: Near) -> str | None:
    """The ticket whose closure this new one puts in doubt: of those that are near and were closed before, the last closed."""
    doubtful = [
        (one.closed_at, one.id)
        for one in closed
        if one.state is State.CLOSED
        and one.closed_at is not None
        and one.closed_at <= ticket.opened_at <= one.closed_at + near.within
        and _apart(ticket, one) <= near.metres
    ]
    return max(doubtful)[1] if doubtful else None


def doubt(closed: Ticket, again: str) -> Outcome:
    """The closure counts as ineffective; once for each new ticket, and not where it was reopened meanwhile."""
    if closed.state is not State.CLOSED or again in closed.doubted_by:
        return NOTHING
    closed.doubted_by.append(again)
    return Outcome(Happened(say.TicketClosureDoubted(again=again), closed.id))


def _duplicate(one: Ticket, other: Ticket, near: Near) -> Duplicate | None:
    older, newer = sorted((one, other), key=lambda ticket: (ticket.opened_at, ticket.id))
    alike = newer.opened_at - older.opened_at <= near.within and older.state in OPEN_STATES and newer.state in OPEN_STATES
    far = _apart(one, other)
    return Duplicate(newer.id, older.id, far) if alike and older.id != newer.id and far <= near.metres else None


def _apart(one: Ticket, other: Ticket) -> float:
    """Metres; infinitely far where the categories differ or a place is unknown."""
    if one.category != other.category or one.place is None or other.place is None:
        return math.inf
    return metres(one.place, other.place)
