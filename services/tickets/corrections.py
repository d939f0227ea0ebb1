"""Carrying out the corrections of the desk, and keeping its internal notes."""

from dataclasses import replace

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from contracts.codes import Urgency
from contracts.contact_points import BadContactPoint, normalised
from contracts.events.intake import Reporter
from contracts.http import desk as http
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.contacts import can_be_asked
from services.tickets.domain import desk_corrections
from services.tickets.domain.allowed_commands import Command, require
from services.tickets.domain.desk_corrections import Category
from services.tickets.domain.ticket import Ticket
from services.tickets.intake import NOT_REGISTERED
from services.tickets.merging import survivor_chain, tell_followers


def add_note(ticket: Ticket, text: str, ctx: HandlerContext) -> None:
    """Keep an internal note. Raises Refused for a blank one."""
    require(Command.NOTE, ticket.state)
    _note(ticket, Command.NOTE, "text", text, ctx)


def change_category(ticket: Ticket, change: http.CategoryChange, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Change the category, and keep the reason as a note. Raises Refused for a category that is not registered."""
    row = store.registered(ctx.connection, store.categories, change.category)
    if row is None:
        raise Refused({"category": NOT_REGISTERED})
    said = store.whistle(ctx.connection, ticket.id).dispute
    category = Category(change.category, Urgency(row["urgency"]), row["dispute"] if said is None else said)
    ctx.apply(desk_corrections.change_category(ticket, category, config.rules, ctx.now))
    _note(ticket, Command.CHANGE_CATEGORY, "reason", change.reason, ctx)


def correct_contact(ticket: Ticket, correction: http.ContactCorrection, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Correct how the reporter is reached, and publish it to notify. Raises Refused for a contact point that is unusable."""
    corrected = {name: value for name, value in correction.by_name().items() if value is not None}
    if not corrected:
        raise Refused("give at least one of name, phone and locale")
    if "phone" in corrected:
        _check(corrected["phone"], config)
    own = store.whistle(ctx.connection, ticket.id)
    own = replace(own, reporter=replace(own.reporter or Reporter(), **corrected))
    assert own.reporter is not None
    usable, key = can_be_asked(own, config), config.keys.reporter(ticket.estate or ticket.area, own.reporter.phone)
    desk_corrections.correct_contact(ticket, usable, key)
    store.correct_reporter(ctx.connection, ticket.id, own.reporter)
    followed = [ticket, *survivor_chain(ticket, ctx)][-1]
    followed.has_contact = followed.has_contact or usable
    tell_followers(followed, ctx, config)


def _check(phone: str, config: TicketsConfig) -> None:
    try:
        normalised(phone, config.region)
    except BadContactPoint as bad:
        raise Refused({"phone": str(bad)}) from None


def _note(ticket: Ticket, about: Command, field: str, text: str, ctx: HandlerContext) -> None:
    if not text.strip():
        raise Refused({field: "Blank: want a text."})
    said = {"about": about.value, "by": ctx.commander().id, "text": text, "made_at": ctx.now}
    ctx.insert(store.ticket_notes, {"ticket": ticket.id, **said})
