"""Splitting a ticket: a part of the matter becomes a ticket of its own."""

from dataclasses import replace

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from contracts.events.intake import WhistleBlown
from contracts.http import desk as http
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.domain.allowed_commands import Command, require
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import open_ticket


def split(ticket: Ticket, part: http.Split, key: str, ctx: HandlerContext, config: TicketsConfig) -> Ticket:
    """Open a ticket for a part of the matter. ``key`` is the command's. Raises NotNow, Unregistered."""
    require(Command.SPLIT, ticket.state)
    if not part.text.strip():
        raise Refused({"text": "Blank: want a text."})
    source, producer_id = ctx.commander().own_source, f"split-{ticket.id}-{key}"
    whistle = _whistle(ticket, store.whistle(ctx.connection, ticket.id), part)
    made = open_ticket(ticket_id(source, producer_id), source, producer_id, whistle, ctx, config)
    made.split_from = ticket.id
    return made


def _whistle(ticket: Ticket, own: WhistleBlown, part: http.Split) -> WhistleBlown:
    """Return the whistle of the part: the reporter's, without what is said of the other part alone."""
    category = part.category or ticket.category
    same = replace(own, text=part.text, category=category, respondent=None, urgency=None, dispute=None, same_as=None)
    return replace(same, area=part.area, estate=None, address=None, location=None) if part.area else same
