"""Merging two tickets about one matter, at the word of the desk or of the producer of both whistles."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chassis.effects import DomainEvent, Effect, Effects
from chassis.handler_context import HandlerContext
from contracts.codes import LinkPurpose, UnmergeCause, Urgency
from contracts.events.intake import WhistleBlown
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.contacts import REPORTER_LINKS, can_be_asked, contact_recorded, signed_links
from services.tickets.domain import mergers
from services.tickets.domain.allowed_commands import BEFORE_HANDLED, State
from services.tickets.domain.mergers import BadSurvivor
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id

AT_WORK = BEFORE_HANDLED | {State.PARKED}
"""The states in which a repeated whistle is merged. After the responders report done, it says that they are mistaken, and stays
a ticket.
"""


def merge(ticket: Ticket, survivor: Ticket, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Merge a ticket into the survivor, which all its followers follow from now on. Raises NotNow, BadSurvivor."""
    told = {one: store.whistle(ctx.connection, one) for one in (ticket.id, *ticket.followers)}
    _merge(ticket, survivor, told, ctx, config)


def merge_if_repeated(ticket: Ticket, producer: str, whistle: WhistleBlown, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Merge a new ticket whose producer names an earlier whistle of its own (``same_as``), where that ticket is at work.

    Where it is not, or was never heard of, or routing forbids the merger, the new ticket stands for itself: nobody's whistle
    is lost for a wrong id.
    """
    earlier = whistle.same_as
    survivor = _final_survivor(ticket_id(producer, earlier), ctx) if earlier else None
    if survivor is None or survivor.id == ticket.id or survivor.state not in AT_WORK:
        return
    try:
        mergers.check_merger(ticket, survivor, _is_more_serious(ticket, survivor, ctx), config.rules)
    except BadSurvivor:
        return
    _merge(ticket, survivor, {ticket.id: whistle}, ctx, config)


def continue_without_survivor(survivor: Ticket, cause: UnmergeCause, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Continue a ticket that was merged into a cancelled or rejected survivor, and tell every follower whom it follows now.

    The most serious of the tickets goes on, then the most urgent, then the oldest.
    """
    merged = [one for id_ in survivor.followers if (one := ctx.load(Ticket, id_)).merged_into == survivor.id]
    if not merged:
        return
    merged.sort(key=lambda one: (_urgency(one.category, ctx).value, one.urgency.value, one.opened_at, one.id))
    apply_by_subject(mergers.continue_without_survivor(survivor, merged, cause, config.rules, ctx.now), ctx)
    tell_followers(merged[0], ctx, config)


def reopen_merged(ticket: Ticket, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Reopen a merged ticket by itself, because its reporter does not accept how the survivor was closed.

    Raises NotNow, TooLate.
    """
    left = survivor_chain(ticket, ctx)
    apply_by_subject(mergers.leave_survivor(ticket, left, config.rules, ctx.now), ctx)
    tell_followers(ticket, ctx, config)
    for one in left:
        _ask_somebody_else(one, ctx, config)


def tell_followers(ticket: Ticket, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Publish the reporter's new links, and that the tickets merged into this one follow it again."""
    own = store.whistle(ctx.connection, ticket.id)
    links = signed_links(ticket, REPORTER_LINKS, ctx.now, config) if can_be_asked(own, config) else None
    told = contact_recorded(ticket, own, ctx.now, config, links)
    ctx.for_subject(ticket.id).apply(Effects(DomainEvent(told, ticket.id)))
    _follow_all(ticket, own, ctx, config)


def _ask_somebody_else(ticket: Ticket, ctx: HandlerContext, config: TicketsConfig) -> None:
    """Choose another follower to ask, where the one who would have been asked has left."""
    own = store.whistle(ctx.connection, ticket.id)
    asked = _follow_all(ticket, own, ctx, config) if not can_be_asked(own, config) else True
    ticket.has_contact = asked


def _follow_all(ticket: Ticket, own: WhistleBlown, ctx: HandlerContext, config: TicketsConfig) -> bool:
    """Publish that every ticket in the list follows this one. Return whether there is a reporter to ask."""
    asked = can_be_asked(own, config)
    for one in ticket.followers:
        whistle = store.whistle(ctx.connection, one)
        ask = not asked and can_be_asked(whistle, config)
        ctx.for_subject(one).apply(_follow(ctx.load(Ticket, one), whistle, ticket, ask, ctx.now, config))
        asked = asked or ask
    return asked


def apply_by_subject(effects: Iterable[Effect], ctx: HandlerContext) -> None:
    """Apply the effects on several tickets, each under its own ticket's correlation."""
    for effect in effects:
        ctx.for_subject(effect.subject).apply((effect,))


def _merge(
    ticket: Ticket, survivor: Ticket, told: Mapping[str, WhistleBlown], ctx: HandlerContext, config: TicketsConfig
) -> None:
    """Merge; ``told`` are the whistles of the ticket and of its followers."""
    asked = ticket.has_contact and not survivor.has_contact
    more_serious = _is_more_serious(ticket, survivor, ctx)
    joined = mergers.merge_into(ticket, survivor, more_serious, config.rules, ctx.now)
    apply_by_subject([effect for effect in joined if effect.subject == ticket.id], ctx)
    for one, whistle in told.items():
        ctx.for_subject(one).apply(_follow(ctx.load(Ticket, one), whistle, survivor, asked, ctx.now, config))
    apply_by_subject([effect for effect in joined if effect.subject != ticket.id], ctx)


def _is_more_serious(ticket: Ticket, survivor: Ticket, ctx: HandlerContext) -> bool:
    urgency, other = (_urgency(one.category, ctx) for one in (ticket, survivor))
    return mergers.is_more_serious(urgency, other)


def _urgency(category: str, ctx: HandlerContext) -> Urgency:
    """Return the urgency that a category is registered with; it was when the ticket was opened."""
    row = ctx.memoize((store.categories.name, category), lambda: store.registered(ctx.connection, store.categories, category))
    assert row is not None, "a category stays registered"
    return Urgency(row["urgency"])


def _final_survivor(id_: str, ctx: HandlerContext) -> Ticket | None:
    """Return the ticket, or the last one in its chain of mergers. A merged ticket is never a survivor, so the chain has no
    circle.
    """
    found = ctx.find(Ticket, id_)
    return [found, *survivor_chain(found, ctx)][-1] if found is not None else None


def survivor_chain(ticket: Ticket, ctx: HandlerContext) -> list[Ticket]:
    """Return the tickets that a ticket was merged into, the nearest first; none where it was not merged."""
    found = []
    while ticket.merged_into is not None:
        ticket = ctx.load(Ticket, ticket.merged_into)
        found.append(ticket)
    return found


def _follow(
    ticket: Ticket, whistle: WhistleBlown, survivor: Ticket, asked: bool, at: datetime, config: TicketsConfig
) -> Effects:
    """Return the event by which the reporter of a merged ticket follows the survivor's notices.

    ``asked``: the survivor has nobody else to ask whether it is solved, so this reporter gets the survivor's links to rate and,
    once it is closed, to reopen. Any other gets the link to reopen the ticket of their own.
    """
    of = survivor if asked else ticket
    purposes = (LinkPurpose.RATE, LinkPurpose.REOPEN) if asked else (LinkPurpose.REOPEN,)
    links = signed_links(of, purposes, at, config) if can_be_asked(whistle, config) else None
    own = ticket.id if links and not asked else None
    follows = contact_recorded(ticket, whistle, at, config, links, links_of=own, follows=survivor.id)
    return Effects(DomainEvent(follows, ticket.id))
