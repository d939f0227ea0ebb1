"""How a whistle becomes a ticket, whichever way it came, and how its private part travels on: once, to notify alone."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table

from chassis.configuration.identities import Actor
from chassis.effects import DomainEvent, Effects, Refused, TooEarly
from chassis.handler_context import HandlerContext
from contracts.codes import Channel, Urgency
from contracts.events import tickets as say
from contracts.events.intake import WhistleBlown
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.contacts import REPORTERS, contact, signed, unusable
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import not_yet, ticket_from
from services.tickets.merging import merge_if_repeated

log = logging.getLogger(__name__)

REGISTERS: Mapping[str, Table] = {"category": store.categories, "area": store.areas, "estate": store.areas}
"""The fields of a whistle that hold a code, and where it is registered."""
NOT_REGISTERED = "Not registered."


class Unregistered(TooEarly):
    """Codes of a category, area or estate that dispatch has not registered, or not yet."""


def open_ticket(
    id_: str,
    producer: str,
    producer_id: str,
    whistle: WhistleBlown,
    ctx: HandlerContext,
    config: Configured,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Ticket:
    """Open the ticket, unless it is open: the same producer id twice is one ticket.

    Raises Unregistered, and Refused for ``refused``, by field: what else is wrong with a new whistle; also for a matter that
    has not yet occurred.
    """
    known = ctx.find(Ticket, id_)
    if known is not None:
        return known
    found = {field: _record(ctx, REGISTERS[field], code) for field, code in _codes(whistle).items()}
    category = found.get("category")
    missing = {field: NOT_REGISTERED for field, record in found.items() if record is None}
    if refused := {**refused, **not_yet(whistle, ctx.now)}:
        raise Refused({**missing, **refused})
    if category is None or missing:
        raise Unregistered(missing)
    wrong = unusable(whistle, config)
    ticket = ticket_from(id_, whistle, Urgency(category["urgency"]), category["dispute"], ctx.now, config.keys, wrong)
    ctx.add(ticket)
    if wrong:
        log.warning("a whistle's contact is unusable: ask its producer", extra={"ticket": id_, "fields": sorted(wrong)})
    ctx.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": whistle.to_wire()})
    opened = ctx.for_subject(id_)
    links = signed(ticket, REPORTERS, ctx.now, config) if ticket.has_contact else None
    opened.apply(Effects(DomainEvent(say.MatterDescribed(text=whistle.text, address=whistle.address), id_)))
    opened.apply(Effects(DomainEvent(contact(ticket, whistle, ctx.now, config, links), id_)))
    # after its private part, so that notify seldom has to wait for whom to tell
    opened.apply(ticket.open(config.rules))
    merge_if_repeated(ticket, producer, whistle, ctx, config)
    return ticket


def foreign_channel(actor: Actor, channel: Channel) -> dict[str, str]:
    """What is wrong, by field, where the identities file gives an account other channels alone."""
    if actor.may_name(channel):
        return {}
    return {"channel": f"not among the channels of account {actor.id!r} in the identities file"}


def unregistered(connection: Connection, data: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the codes of a whistle's data, by field; a field that is not there is not wrong."""
    return {
        field: NOT_REGISTERED
        for field, table in REGISTERS.items()
        if data.get(field) and store.registered(connection, table, data[field]) is None
    }


def _codes(whistle: WhistleBlown) -> dict[str, str]:
    """The codes that a whistle names, by field."""
    named = {"category": whistle.category, "area": whistle.area, "estate": whistle.estate}
    return {field: code for field, code in named.items() if code}


def _record(ctx: HandlerContext, table: Table, code: str) -> Mapping[str, Any] | None:
    return ctx.memoize((table.name, code), lambda: store.registered(ctx.connection, table, code))
