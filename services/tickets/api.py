"""Tickets over HTTP."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.http import Answer, command, query
from chassis.signed_links import UsedLink
from contracts.codes import LinkPurpose, Request, UnmergeCause
from contracts.http import links
from contracts.http import tickets as http
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.contacts import unusable
from services.tickets.domain import desk
from services.tickets.domain.rules import Rules
from services.tickets.domain.state import ALLOWED, State
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import foreign_channel, open_ticket, unregistered
from services.tickets.merging import go_on_without, merge
from services.tickets.requests import COMMANDS, LINK_FOR, check_grant, make_request, unanswered


class TicketsApi:
    """What is asked of tickets over HTTP; `TicketsService` inherits it, and the configuration is that service's."""

    config: Configured
    clock: BusinessClock

    @command(http.BLOW_WHISTLE, check=unregistered)
    def blow_whistle(self, body: http.Whistle, ctx: HandlerContext, key: str) -> Answer:
        """The same key twice is one ticket. Raises Refused with all that is wrong with the whistle."""
        source = ctx.commander().own_source
        refused = unusable(body, self.config) | foreign_channel(ctx.commander(), body.channel)
        ticket = open_ticket(ticket_id(source, key), source, key, body, ctx, self.config, refused)
        address = http.GET_TICKET.at(ticket=ticket.id)
        advice = self.config.rules.advice.get(ticket.urgency)
        return Answer({"ticket": ticket.id, "source": source, "status": address, "advice": advice}, {"Location": address})

    @query(http.FIND_WHISTLE)
    def find_whistle(self, connection: Connection, actor: Actor, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """The ticket of one of the account's whistles. Raises Refused for a source that is not the account's."""
        source = search.get("source") or actor.own_source
        if not actor.owns(source):
            raise Refused({"source": f"not among the sources of account {actor.id!r} in the identities file"})
        ticket = store.ticket_of(connection, source, search["id"])
        return {"ticket": ticket, "source": source, "status": http.GET_TICKET.at(ticket=ticket)} if ticket else None

    @query(http.GET_TICKET)
    def get_ticket(self, connection: Connection, ticket: str, owner: Actor | None) -> dict[str, Any] | None:
        """A ticket as it stands; the answer's schema leaves out what stays inside."""
        if owner is not None and not owner.owns(store.producer(connection, ticket) or ""):
            return None
        found = store.ticket(connection, ticket)
        return view(found, self.config.rules, store.survivor(connection, found)) if found else None

    @query(http.LIST_TICKETS)
    def list_tickets(self, connection: Connection, search: Mapping[str, Any]) -> dict[str, Any]:
        """One page, and where the next begins. Raises Refused where ``after`` is no ticket."""
        if search.get("after") and store.ticket(connection, search["after"]) is None:
            raise Refused("after: no such ticket")
        found = store.page(connection, search, search["limit"] + 1)
        shown = found[: search["limit"]]
        return {
            "tickets": [view(one, self.config.rules, store.survivor(connection, one)) for one in shown],
            "next": shown[-1].id if len(found) > len(shown) else None,
        }

    @command(http.MAKE_REQUEST, check=lambda _, body: unanswered(body))
    def make_request(self, body: http.ResidentRequest, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Rate, reopen or cancel: the link in the body is the authority, or the role desk."""
        return moved(make_request(ticket, body, ctx.for_subject(ticket), self.config))

    @query(http.SHOW_LINK)
    def show_link(self, connection: Connection, ticket: str, purpose: str, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """Whether a link can still be used. Raises BadLink, LinkOver; looking, as mail scanners do, changes nothing."""
        request = next((request for request, wanted in LINK_FOR.items() if wanted == purpose), None)
        found = store.ticket(connection, ticket)
        if request is None or found is None:
            return None
        grant = self.config.links.read(search["token"], ticket, purpose)
        survivor = store.survivor(connection, found)
        check_grant(grant, found, request, survivor, self.config.rules, self.clock.now())
        if found.state is State.MERGED and survivor.state is not State.CLOSED:
            raise UsedLink
        return {"ticket": ticket, "purpose": LinkPurpose(purpose), "told": links.USABLE}

    @command(http.REJECT)
    def reject(self, body: http.Rejection, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Not taken on."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(desk.reject(found, body.reason))
        go_on_without(found, UnmergeCause.REJECTED, ctx, self.config)
        return moved(found)

    @command(http.MERGE)
    def merge(self, body: http.Merger, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Into another, which everybody who followed this one follows from now on."""
        ctx.unit.lock(Ticket, [ticket, body.into])  # in sorted order: two mergers at once cannot deadlock
        found, survivor = ctx.load(Ticket, ticket), ctx.find(Ticket, body.into)
        if survivor is None:
            raise Refused("into: no such ticket")
        merge(found, survivor, ctx, self.config)
        return moved(found)

    @command(http.PARK)
    def park(self, body: http.Parking, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Kept until its review date."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(desk.park(found, body.reason, body.review_at, ctx.now))
        return moved(found)

    @command(http.RESUME)
    def resume(self, body: http.Resumption, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Back to work before its review date."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(desk.resume(found, self.config.rules, ctx.now))
        return moved(found)

    @command(http.RAISE_URGENCY)
    def raise_urgency(self, body: http.RaisedUrgency, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """More urgent than its category is."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(desk.raise_urgency(found, body.urgency))
        return moved(found)


def view(ticket: Ticket, rules: Rules, survivor: Ticket) -> dict[str, Any]:
    """A ticket as others see it: where it stands, what its reporter may ask, and what the reporter is told at once.

    ``survivor`` is the ticket itself, or what it was merged into at last: once that one is closed a merged one may be reopened.
    """
    may_reopen = survivor.state is State.CLOSED and survivor.closed_at is not None
    alone = [Request.REOPEN] if may_reopen and ticket.state is State.MERGED else []
    return {
        **vars(ticket),
        "reopen_until": survivor.closed_at + rules.reopen if may_reopen and survivor.closed_at else None,
        "requests": [request for request, wanted in COMMANDS.items() if ticket.state in ALLOWED[wanted]] + alone,
        "advice": rules.advice.get(ticket.urgency),
    }


def moved(ticket: Ticket) -> Answer:
    """A command's answer: where the ticket stands now."""
    address = http.GET_TICKET.at(ticket=ticket.id)
    return Answer({"ticket": ticket.id, "state": ticket.state, "status": address}, {"Location": address})
