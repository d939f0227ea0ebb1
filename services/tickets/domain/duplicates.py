"""Rules about tickets of the same matter: duplicates of an open ticket, and whistles that put a closure in doubt.

Tickets are alike where they have the same category and are near on the map, name the same address, or come from the same
reporter in the same estate or area; one of which nothing of that is known is like none. Which of a pair is the duplicate does
not depend on which found the other: it is the one that was received later, and of two that were opened in the same moment,
each may. Likeness in time compares when the matters occurred, so that a backlog is compared as if it had come in time.
"""

import math
from dataclasses import dataclass

from chassis.effects import NO_EFFECTS, DomainEvent, Effects
from contracts.codes import Likeness
from contracts.events import tickets as events
from services.tickets.domain.allowed_commands import OPEN_STATES, State
from services.tickets.domain.coordinates import metres
from services.tickets.domain.rules import Proximity
from services.tickets.domain.ticket import Ticket

SAME_PLACE = frozenset({Likeness.PLACE, Likeness.ADDRESS})
"""The likenesses that put a closure in doubt. The reporter's does not: one reporter may have several matters."""
_STRENGTH = list(Likeness)


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """A pair in which ``newer`` looks like ``older``: by which evidence, the strongest first, and how many metres apart."""

    newer: str
    older: str
    by: tuple[Likeness, ...]
    metres: float | None = None

    @property
    def rank(self) -> tuple[int, float]:
        """Orders pairs, the strongest evidence first: by place the nearest, then by address, then by reporter."""
        return _STRENGTH.index(self.by[0]), self.metres or 0.0


def find_duplicates(ticket: Ticket, others: list[Ticket], near: Proximity) -> list[DuplicatePair]:
    """Return the pairs of the ticket with others: the one it looks like, and those that look like it.

    It looks like one other alone: of the strongest evidence, the one that was received first.
    """
    pairs = [pair for other in sorted(others, key=_received) if (pair := _duplicate(ticket, other, near))]
    mine = sorted((pair for pair in pairs if pair.newer == ticket.id), key=lambda pair: pair.rank)
    return mine[:1] + sorted((pair for pair in pairs if pair.older == ticket.id), key=lambda pair: pair.newer)


def propose_duplicate(newer: Ticket, pair: DuplicatePair) -> Effects:
    """Propose a pair to the operators, once in the newer ticket's life."""
    if newer.looks_like is not None or newer.state not in OPEN_STATES:
        return NO_EFFECTS
    newer.looks_like, newer.looks_like_by = pair.older, list(pair.by)
    far = None if pair.metres is None else math.ceil(pair.metres)
    return Effects(DomainEvent(events.ClusterProposed(like=pair.older, by=list(pair.by), metres=far), newer.id))


def find_doubted_closure(ticket: Ticket, closed: list[Ticket], near: Proximity) -> str | None:
    """Return the ticket whose closure this new one puts in doubt: of those closed before at the same place, the last closed.

    ``near.within`` runs from the closure to the time of receipt. What occurred before the closure, and is told only now, did
    not come again.
    """
    doubtful = [
        (one.closed_at, one.id)
        for one in closed
        if one.state is State.CLOSED
        and one.closed_at is not None
        and one.closed_at <= min(ticket.opened_at, ticket.matter_time)
        and ticket.opened_at <= one.closed_at + near.within
        and SAME_PLACE.intersection(_alike(ticket, one, near))
    ]
    return max(doubtful)[1] if doubtful else None


def doubt_closure(closed: Ticket, again: str) -> Effects:
    """Count a closure as ineffective: once for each new ticket, and not where the closed one was reopened meanwhile."""
    if closed.state is not State.CLOSED or again in closed.doubted_by:
        return NO_EFFECTS
    closed.doubted_by.append(again)
    return Effects(DomainEvent(events.TicketClosureDoubted(again=again), closed.id))


def _received(ticket: Ticket) -> tuple[object, str]:
    return ticket.opened_at, ticket.id


def _duplicate(one: Ticket, other: Ticket, near: Proximity) -> DuplicatePair | None:
    older, newer = sorted((one, other), key=_received)
    is_open = older.state in OPEN_STATES and newer.state in OPEN_STATES
    if (
        older.id == newer.id
        or not is_open
        or _is_split(older, newer)
        or abs(newer.matter_time - older.matter_time) > near.within
    ):
        return None
    by = _alike(one, other, near)
    far = _apart(one, other) if Likeness.PLACE in by else None
    return DuplicatePair(newer.id, older.id, by, far) if by else None


def _is_split(one: Ticket, other: Ticket) -> bool:
    """Return whether two tickets are parts of one: somebody on duty said that they are two matters."""
    return one.id == other.split_from or other.id == one.split_from or (one.split_from or one.id) == other.split_from


def _alike(one: Ticket, other: Ticket, near: Proximity) -> tuple[Likeness, ...]:
    """Return the evidence by which two tickets are alike, the strongest first; empty where the categories differ."""
    if one.category != other.category:
        return ()
    found = {
        Likeness.PLACE: _apart(one, other) <= near.metres,
        Likeness.ADDRESS: one.address_key is not None and one.address_key == other.address_key,
        Likeness.REPORTER: one.reporter_key is not None and one.reporter_key == other.reporter_key,
    }
    return tuple(by for by in Likeness if found[by])


def _apart(one: Ticket, other: Ticket) -> float:
    """Return the distance in metres; infinite where a place is unknown."""
    return metres(one.place, other.place) if one.place and other.place else math.inf
