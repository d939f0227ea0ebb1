"""The HTTP API of tickets."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.http import Answer, command, query
from chassis.signed_links import UsedLink
from contracts.codes import LinkPurpose, UnmergeCause
from contracts.http import links
from contracts.http import tickets as http
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.contacts import contact_errors
from services.tickets.domain import operator_commands
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import channel_errors, open_ticket, unregistered_codes
from services.tickets.merging import continue_without_survivor, merge
from services.tickets.resident_requests import LINK_FOR, check_grant, make_request, missing_answers
from services.tickets.ticket_search import ticket_page
from services.tickets.views import state_answer, view


class TicketsApi:
    """The HTTP operations of tickets. `TicketsService` inherits them and sets the configuration."""

    config: TicketsConfig
    clock: BusinessClock

    @command(http.BLOW_WHISTLE, check=unregistered_codes)
    def blow_whistle(self, body: http.Whistle, ctx: HandlerContext, key: str) -> Answer:
        """Open a ticket for a whistle; a repeated key is the same ticket. Raises Refused with everything that is wrong with the
        whistle.
        """
        source = ctx.commander().own_source
        refused = contact_errors(body, self.config) | channel_errors(ctx.commander(), body.channel)
        ticket = open_ticket(ticket_id(source, key), source, key, body, ctx, self.config, refused)
        address = http.GET_TICKET.at(ticket=ticket.id)
        advice = self.config.rules.advice.get(ticket.urgency)
        return Answer({"ticket": ticket.id, "source": source, "status": address, "advice": advice}, {"Location": address})

    @query(http.FIND_WHISTLE)
    def find_whistle(self, connection: Connection, actor: Actor, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the ticket of one of the account's whistles. Raises Refused for a source that is not the account's."""
        source = search.get("source") or actor.own_source
        if not actor.owns(source):
            raise Refused({"source": f"not among the sources of account {actor.id!r} in the identities file"})
        ticket = store.ticket_of(connection, source, search["id"])
        return {"ticket": ticket, "source": source, "status": http.GET_TICKET.at(ticket=ticket)} if ticket else None

    @query(http.GET_TICKET)
    def get_ticket(self, connection: Connection, ticket: str, owner: Actor | None) -> dict[str, Any] | None:
        """Return a ticket as it stands. The answer's schema leaves out private fields."""
        if owner is not None and not owner.owns(store.producer(connection, ticket) or ""):
            return None
        found = store.ticket(connection, ticket)
        return view(found, self.config.rules, store.survivor(connection, found)) if found else None

    @query(http.LIST_TICKETS)
    def list_tickets(self, connection: Connection, search: Mapping[str, Any]) -> dict[str, Any]:
        """Return one page of tickets, and where the next page begins. Raises Refused where ``after`` is no ticket."""
        if search.get("after") and store.ticket(connection, search["after"]) is None:
            raise Refused("after: no such ticket")
        found = ticket_page(connection, search, search["limit"] + 1)
        shown = found[: search["limit"]]
        return {
            "tickets": [view(one, self.config.rules, store.survivor(connection, one)) for one in shown],
            "next": shown[-1].id if len(found) > len(shown) else None,
        }

    @command(http.MAKE_REQUEST, check=lambda _, body: missing_answers(body))
    def make_request(self, body: http.ResidentRequest, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Rate, reopen or cancel a ticket. The authority is the link in the body, or the role desk."""
        return state_answer(make_request(ticket, body, ctx.for_subject(ticket), self.config))

    @query(http.SHOW_LINK)
    def show_link(self, connection: Connection, ticket: str, purpose: str, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return whether a link can still be used. Raises BadLink, LinkOver. Reading a link, as mail scanners do, changes
        nothing.
        """
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
        """Reject a ticket: the matter is not taken on."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(operator_commands.reject(found, body.reason))
        continue_without_survivor(found, UnmergeCause.REJECTED, ctx, self.config)
        return state_answer(found)

    @command(http.MERGE)
    def merge(self, body: http.Merger, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Merge a ticket into another, which its followers follow from now on."""
        ctx.unit.lock(Ticket, [ticket, body.into])  # in sorted order: two mergers at once cannot deadlock
        found, survivor = ctx.load(Ticket, ticket), ctx.find(Ticket, body.into)
        if survivor is None:
            raise Refused("into: no such ticket")
        merge(found, survivor, ctx, self.config)
        return state_answer(found)

    @command(http.PARK)
    def park(self, body: http.Parking, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Park a ticket until its review date."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(operator_commands.park(found, body.reason, body.review_at, ctx.now))
        return state_answer(found)

    @command(http.RESUME)
    def resume(self, body: http.Resumption, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Resume a parked ticket before its review date."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(operator_commands.resume(found, self.config.rules, ctx.now))
        return state_answer(found)

    @command(http.RAISE_URGENCY)
    def raise_urgency(self, body: http.RaisedUrgency, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Raise a ticket's urgency above that of its category."""
        found = ctx.load(Ticket, ticket)
        ctx.for_subject(ticket).apply(operator_commands.raise_urgency(found, body.urgency))
        return state_answer(found)
