"""The HTTP API of tickets for those who work on a ticket, and for whoever holds one of its links."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.handler_context import HandlerContext
from chassis.http import Answer, command, query
from contracts.codes import LinkPurpose
from contracts.http import desk as http
from services.tickets import corrections, store, ticket_units
from services.tickets.command_fields import WANTS
from services.tickets.config import TicketsConfig
from services.tickets.contacts import REPORTER_LINKS, can_be_asked
from services.tickets.domain.command_list import command_list
from services.tickets.domain.ticket import Ticket
from services.tickets.matter import matter
from services.tickets.metrics import TicketsMetrics
from services.tickets.splitting import split
from services.tickets.ticket_search import related
from services.tickets.views import state_answer, view

log = logging.getLogger(__name__)


class DeskApi:
    """The HTTP operations for the desk, for responders and for residents. `TicketsService` inherits them."""

    config: TicketsConfig
    clock: BusinessClock
    metrics: TicketsMetrics

    @query(http.GET_MATTER)
    def get_matter(self, connection: Connection, ticket: str, owner: Actor | None) -> dict[str, Any] | None:
        """Return the private part of a ticket. A responder reads it if it speaks for a unit that works on the ticket."""
        found = store.ticket(connection, ticket)
        if found is None or (owner is not None and not ticket_units.may_read(connection, owner, ticket)):
            return None
        role = http.GET_MATTER.role if owner is None else http.GET_MATTER.own_role
        assert role is not None
        log.info("the private part of a ticket was read", extra={"ticket": ticket, "role": role})  # the account is bound
        self.metrics.matter_read(role)
        return matter(connection, found)

    @query(http.GET_TICKET_COMMANDS)
    def get_ticket_commands(self, connection: Connection, ticket: str) -> dict[str, Any] | None:
        """Return every command, whether the ticket allows it now, and why not."""
        found = store.ticket(connection, ticket)
        if found is None:
            return None
        listed = command_list(found, store.survivor(connection, found), self.config.rules, self.clock.now())
        return {
            "ticket": ticket,
            "state": found.state,
            "commands": [
                {
                    "command": one.command,
                    "allowed": one.refusal is None,
                    "code": one.refusal,
                    "reason": one.reason,
                    "wants": WANTS[one.command],
                }
                for one in listed
            ],
        }

    @query(http.SHOW_TICKET)
    def show_ticket(self, connection: Connection, ticket: str, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a ticket for the holder of one of its links. Raises BadLink, ExpiredLink."""
        found = store.ticket(connection, ticket)
        if found is None:
            return None
        grant = self.config.links.read_any(search["token"], ticket)
        grant.require_unexpired(self.clock.now())
        shown = view(found, self.config.rules, store.survivor(connection, found))
        is_reporter = grant.purpose in REPORTER_LINKS
        return {
            **shown,
            "merged": found.merged_into is not None,
            "purpose": LinkPurpose(grant.purpose),
            "requests": shown["requests"] if is_reporter else [],
            "text": self._own_text(connection, found) if is_reporter else None,
        }

    def _own_text(self, connection: Connection, ticket: Ticket) -> str | None:
        """Return the words of a reporter who could be told from the start.

        Where nobody could, the reporter of a merged ticket may hold links of this one.
        """
        said = store.whistle_as_blown(connection, ticket.id)
        return said.text if can_be_asked(said, self.config) else None

    @query(http.LIST_RELATED)
    def list_related(self, connection: Connection, ticket: str) -> dict[str, Any] | None:
        """Return other tickets of the same reporter, of the same address, and nearby."""
        found = store.ticket(connection, ticket)
        if found is None:
            return None
        others = related(connection, found, self.config.rules.duplicates.metres)
        return {"ticket": ticket, "related": [{**vars(one), "by": by} for one, by in others]}

    @command(http.ADD_NOTE)
    def add_note(self, body: http.Note, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Keep an internal note."""
        found = ctx.load(Ticket, ticket)
        corrections.add_note(found, body.text, ctx)
        return state_answer(found)

    @command(http.CORRECT_CONTACT)
    def correct_contact(self, body: http.ContactCorrection, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Correct how the reporter is reached."""
        found = ctx.load(Ticket, ticket)
        corrections.correct_contact(found, body, ctx.for_subject(ticket), self.config)
        return state_answer(found)

    @command(http.CHANGE_CATEGORY)
    def change_category(self, body: http.CategoryChange, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Change the category, by which dispatch routes the ticket again."""
        found = ctx.load(Ticket, ticket)
        corrections.change_category(found, body, ctx.for_subject(ticket), self.config)
        return state_answer(found)

    @command(http.SPLIT_TICKET)
    def split_ticket(self, body: http.Split, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Open a ticket for a part of the matter."""
        made = split(ctx.load(Ticket, ticket), body, key, ctx, self.config)
        answer = state_answer(made)
        return Answer({**answer.body, "split_from": ticket}, answer.headers)
