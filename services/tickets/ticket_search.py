"""Searching tickets: one page of those that meet all conditions, and those that are related to a ticket."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select, tuple_

from chassis.persistence import converter
from contracts.codes import Likeness, Truth
from services.tickets.domain.coordinates import box
from services.tickets.domain.ticket import Ticket
from services.tickets.store import areas, tickets

MAX_RELATED = 20
"""The most related tickets of one likeness in an answer."""

_EQUAL = {
    "state": tickets.c.state,
    "category": tickets.c.category,
    "estate": tickets.c.estate,
    "urgency": tickets.c.urgency,
    "channel": tickets.c.channel,
}
"""The conditions that a column has to equal, by the name of the query parameter."""


def ticket_page(connection: Connection, search: Mapping[str, Any], most: int) -> list[Ticket]:
    """Return at most so many tickets, the newest first.

    ``search`` is a loaded `contracts.http.tickets.TicketSearch`; ``after`` is the id of the last ticket already seen.
    """
    newest = (tickets.c.opened_at.desc(), tickets.c.id.desc())
    query = select(tickets.c.document).where(*_conditions(search)).order_by(*newest).limit(most)
    return [converter.structure(document, Ticket) for document in connection.execute(query).scalars()]


def related(connection: Connection, one: Ticket, metres: float) -> list[tuple[Ticket, list[Likeness]]]:
    """Return the tickets that are related to one, with every likeness, the newest first.

    Of each likeness the newest `MAX_RELATED`; ``metres`` is the distance that counts as nearby.
    """
    found: dict[str, tuple[Ticket, list[Likeness]]] = {}
    newest = (tickets.c.opened_at.desc(), tickets.c.id.desc())
    others = select(tickets.c.document).where(tickets.c.id != one.id).order_by(*newest).limit(MAX_RELATED)
    for likeness, same in _likenesses(one, metres):
        for document in connection.execute(others.where(same)).scalars():
            other = converter.structure(document, Ticket)
            found.setdefault(other.id, (other, []))[1].append(likeness)
    return sorted(found.values(), key=lambda pair: (pair[0].opened_at, pair[0].id), reverse=True)


def _conditions(search: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    for name, column in _EQUAL.items():
        if search.get(name):
            yield column == search[name]
    if search.get("area"):
        yield tickets.c.area.in_(_within(search["area"]))
    if search.get("open"):
        yield tickets.c.settled == (search["open"] is Truth.FALSE)
    if search.get("opened_from"):
        yield tickets.c.opened_at >= search["opened_from"]
    if search.get("opened_before"):
        yield tickets.c.opened_at < search["opened_before"]
    if search.get("after"):
        last = select(tickets.c.opened_at, tickets.c.id).where(tickets.c.id == search["after"])
        yield tuple_(tickets.c.opened_at, tickets.c.id) < last.scalar_subquery()


def _likenesses(one: Ticket, metres: float) -> Iterator[tuple[Likeness, ColumnElement[bool]]]:
    """Yield the condition of each likeness for which the ticket has anything to compare, the strongest first."""
    if one.place is not None:
        inside = box(one.place, metres)
        yield (
            Likeness.PLACE,
            and_(
                tickets.c.lat.between(inside.south, inside.north),
                tickets.c.lon.between(inside.west, inside.east),
            ),
        )
    if one.address_key is not None:
        yield Likeness.ADDRESS, tickets.c.address_key == one.address_key
    if one.reporter_key is not None:
        yield Likeness.REPORTER, tickets.c.reporter_key == one.reporter_key


def _within(code: str) -> Select[Any]:
    """Return the codes of an area and of all areas within it. UNION, so that a circle of parents ends."""
    nested = select(areas.c.code).where(areas.c.code == code).cte("nested", recursive=True)
    return select(nested.union(select(areas.c.code).join(nested, areas.c.parent == nested.c.code)).c.code)
