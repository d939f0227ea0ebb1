"""Opening a ticket for a whistle of any channel. Its private part is published once, to notify alone."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table

from chassis.configuration.identities import Actor
from chassis.effects import DomainEvent, Effects, Refused, TooEarly
from chassis.handler_context import HandlerContext
from contracts.codes import Channel, Urgency
from contracts.events import tickets as events
from contracts.events.intake import WhistleBlown
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.contacts import REPORTER_LINKS, contact_errors, contact_recorded, signed_links
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import future_occurrence_errors, ticket_from_whistle
from services.tickets.merging import merge_if_repeated

log = logging.getLogger(__name__)

REGISTERS: Mapping[str, Table] = {"category": store.categories, "area": store.areas, "estate": store.areas}
"""The fields of a whistle that hold a code, and the table in which that code is registered."""
NOT_REGISTERED = "Not registered."


class Unregistered(TooEarly):
    """Raised for a category, area or estate that dispatch has not registered, or not yet."""


def open_ticket(
    id_: str,
    producer: str,
    producer_id: str,
    whistle: WhistleBlown,
    ctx: HandlerContext,
    config: TicketsConfig,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Ticket:
    """Open the ticket of a whistle, or return the one that the same producer id opened before.

    Raises Unregistered, and Refused for ``refused``, by field: what else is wrong with a new whistle; also for a matter that
    has not yet occurred.
    """
    known = ctx.find(Ticket, id_)
    if known is not None:
        return known
    found = {field: _record(ctx, REGISTERS[field], code) for field, code in _codes(whistle).items()}
    category = found.get("category")
    missing = {field: NOT_REGISTERED for field, record in found.items() if record is None}
    if refused := {**refused, **future_occurrence_errors(whistle, ctx.now)}:
        raise Refused({**missing, **refused})
    if category is None or missing:
        raise Unregistered(missing)
    wrong = contact_errors(whistle, config)
    ticket = ticket_from_whistle(id_, whistle, Urgency(category["urgency"]), category["dispute"], ctx.now, config.keys, wrong)
    ctx.add(ticket)
    if wrong:
        log.warning("a whistle's contact is unusable: ask its producer", extra={"ticket": id_, "fields": sorted(wrong)})
    ctx.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": whistle.to_wire()})
    opened = ctx.for_subject(id_)
    links = signed_links(ticket, REPORTER_LINKS, ctx.now, config) if ticket.has_contact else None
    opened.apply(Effects(DomainEvent(events.MatterDescribed(text=whistle.text, address=whistle.address), id_)))
    opened.apply(Effects(DomainEvent(contact_recorded(ticket, whistle, ctx.now, config, links), id_)))
    # after its private part, so that notify seldom has to wait for whom to tell
    opened.apply(ticket.open(config.rules))
    merge_if_repeated(ticket, producer, whistle, ctx, config)
    return ticket


def channel_errors(actor: Actor, channel: Channel) -> dict[str, str]:
    """Return the error, by field, of a channel that the identities file does not give the account."""
    if actor.may_name(channel):
        return {}
    return {"channel": f"not among the channels of account {actor.id!r} in the identities file"}


def unregistered_codes(connection: Connection, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the unregistered codes of a whistle's data, by field. An absent field is no error."""
    return {
        field: NOT_REGISTERED
        for field, table in REGISTERS.items()
        if data.get(field) and store.registered(connection, table, data[field]) is None
    }


def _codes(whistle: WhistleBlown) -> dict[str, str]:
    """Return the codes that a whistle names, by field."""
    named = {"category": whistle.category, "area": whistle.area, "estate": whistle.estate}
    return {field: code for field, code in named.items() if code}


def _record(ctx: HandlerContext, table: Table, code: str) -> Mapping[str, Any] | None:
    return ctx.memoize((table.name, code), lambda: store.registered(ctx.connection, table, code))
