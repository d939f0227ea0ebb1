"""Tickets over HTTP."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chassis.http import Answer, command, query
from chassis.work import Work
from contracts.http import tickets as http
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import ACCOUNTS, open_ticket


class TicketsApi:
    """What is asked of tickets over HTTP; `TicketsService` inherits it, and the configuration is that service's."""

    config: Configured

    @command(http.BLOW_WHISTLE)
    def blow_whistle(self, body: Mapping[str, Any], work: Work, key: str) -> Answer:
        """The same key twice is one ticket. Raises Unregistered."""
        source = f"{ACCOUNTS}{work.commander().id}"
        id_ = ticket_id(source, key)
        open_ticket(id_, source, key, body, work, self.config)
        address = http.GET_TICKET.at(ticket=id_)
        return Answer({"ticket": id_, "status": address}, {"Location": address})

    @query(http.GET_TICKET)
    def get_ticket(self, connection: Connection, ticket: str) -> Ticket | None:
        """A ticket as it stands; the answer's schema leaves out what stays inside."""
        return store.ticket(connection, ticket)
