"""Searching requests: the tickets that a caller may see, the filters, and the range of dates.

The fields of a search are declared in contracts/http/open311/schemas.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from chassis.configuration.identities import Actor
from chassis.effects import Refused
from chassis.persistence import converter
from contracts.http.open311 import GET_REQUEST
from contracts.http.open311.schemas import Status
from contracts.limits import OPEN311_DAYS, OPEN311_REQUESTS
from services.tickets.domain.allowed_commands import OPEN_STATES, State
from services.tickets.domain.ticket import Ticket
from services.tickets.open311.service_catalog import ServiceCatalog
from services.tickets.store import tickets, whistles

STATUS: Mapping[State, Status] = {state: Status.OPEN if state in OPEN_STATES else Status.CLOSED for state in State}
"""The standard's status of each state. A ticket that is reported as done is still open: it is checked, and the reporter is
asked.
"""
_SPAN = timedelta(days=OPEN311_DAYS)


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket, and when it changed last."""

    ticket: Ticket
    changed_at: datetime | None
    text: str | None = None
    """The reporter's words; None for a caller who did not report them."""


def visibility(catalog: ServiceCatalog, actor: Actor | None) -> ColumnElement[bool]:
    """Return the condition of the visible tickets: those of public services; an account's own too; for a reader, all of the
    catalog.
    """
    offered = tickets.c.category.in_(sorted(catalog.services))
    if actor and GET_REQUEST.role in actor.roles:
        return offered
    public = tickets.c.category.in_(sorted(code for code, service in catalog.services.items() if service.public))
    if actor is None:
        return public
    own = select(whistles.c.ticket).where(whistles.c.ticket == tickets.c.id, _own(actor))
    return and_(offered, or_(public, own.exists()))


def visible_requests(
    connection: Connection, may: ColumnElement[bool], search: Mapping[str, Any], now: datetime, actor: Actor | None = None
) -> list[ListedTicket]:
    """Return the newest visible tickets, at most `OPEN311_REQUESTS`, with their text where the actor sent it.

    ``service_request_id`` overrides all other arguments. Raises Refused.
    """
    ids = search.get("service_request_id")
    wanted = [tickets.c.id.in_(ids)] if ids else _conditions(search, now)
    query = select(tickets.c.document, tickets.c.changed_at).where(may, *wanted)
    newest = query.order_by(tickets.c.opened_at.desc(), tickets.c.id.desc()).limit(OPEN311_REQUESTS)
    rows = [(converter.structure(row.document, Ticket), row.changed_at) for row in connection.execute(newest)]
    texts = _own_texts(connection, [ticket.id for ticket, _ in rows], actor)
    return [ListedTicket(ticket, changed_at, texts.get(ticket.id)) for ticket, changed_at in rows]


def _own(actor: Actor) -> ColumnElement[bool]:
    return whistles.c.producer.in_(sorted({actor.own_source, *actor.sources}))


def _own_texts(connection: Connection, ids: list[str], actor: Actor | None) -> dict[str, str]:
    if actor is None or not ids:
        return {}
    said = select(whistles.c.ticket, whistles.c.data).where(whistles.c.ticket.in_(ids), _own(actor))
    return {row.ticket: row.data["text"] for row in connection.execute(said)}


def _conditions(search: Mapping[str, Any], now: datetime) -> list[ColumnElement[bool]]:
    start, end = date_range(search.get("start_date"), search.get("end_date"), now)
    wanted = [tickets.c.opened_at >= start, tickets.c.opened_at <= end]
    if search.get("service_code"):
        wanted.append(tickets.c.category.in_(search["service_code"]))
    if search.get("status"):
        states = [state.value for state, status in STATUS.items() if status in search["status"]]
        wanted.append(tickets.c.state.in_(sorted(states)))
    return wanted


def date_range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the searched range: the last 90 days, or 90 days from or to the one given instant. Raises Refused."""
    try:
        since = start or (end or now) - _SPAN
        until = end or (start + _SPAN if start else now)
    except OverflowError:
        raise Refused("start_date, end_date: too far away") from None
    if not timedelta() <= until - since <= _SPAN:
        raise Refused(f"start_date, end_date: the second is the later one, by {OPEN311_DAYS} days at most")
    return since, until
