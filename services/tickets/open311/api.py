"""GeoReport v2: the standard's resources. `TicketsService` inherits them, and the configuration is that service's."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, select

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.handler_context import HandlerContext
from chassis.http import Answer, Problem
from contracts.http import open311
from contracts.http.open311.words import FORMATS, Type
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.contacts import unusable
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import open_ticket
from services.tickets.open311.door import ATTRIBUTES, command, query
from services.tickets.open311.offer import Offer
from services.tickets.open311.showing import notice_of, request, seen, visible
from services.tickets.open311.whistling import whistle

Body = Mapping[str, Any]


class Open311Api:
    """What clients of the standard ask of tickets."""

    config: Configured
    clock: BusinessClock

    @query(open311.GET_DISCOVERY)
    def discover(self, connection: Connection, search: Body, actor: Actor | None, base_url: str | None) -> Body:
        """Where the standard is spoken, at the address by which the client came, and whom to ask."""
        offer = self._offer(search)
        endpoint = {
            "specification": open311.SPECIFICATION,
            "url": offer.url or f"{base_url or ''}{open311.ENDPOINT}",
            "changeset": offer.changeset,
            "type": "test" if offer.test else "production",
            "formats": list(FORMATS.values()),
        }
        return {
            "changeset": offer.changeset,
            "contact": offer.contact,
            "key_service": offer.key_service,
            "endpoints": [endpoint],
        }

    @query(open311.GET_SERVICES)
    def get_services(self, connection: Connection, search: Body, actor: Actor | None) -> list[Body]:
        """What is offered and would be taken: the categories that dispatch has registered."""
        offer = self._offer(search)
        registered = set(connection.execute(select(store.categories.c.code)).scalars())
        return [
            {
                "service_code": code,
                "service_name": service.name,
                "description": service.description,
                "metadata": False,
                "type": Type.REALTIME,
                "keywords": service.keywords,
                "group": service.group,
            }
            for code, service in offer.services.items()
            if code in registered
        ]

    @query(open311.GET_DEFINITION)
    def get_definition(self, connection: Connection, search: Body, actor: Actor | None, service_code: str) -> Body | None:
        """No service has attributes."""
        self._offer(search).service(service_code)
        found = store.registered(connection, store.categories, service_code)
        return {"service_code": service_code, "attributes": []} if found else None

    @command(open311.POST_REQUEST)
    def post_request(self, body: Body, ctx: HandlerContext, key: str) -> Answer:
        """Blow the whistle. The id is the ticket's, and is told when the ticket is kept. Raises Unregistered, Problem."""
        offer = self._offer(body)
        source = ctx.commander().own_source
        data = whistle(body, body[ATTRIBUTES], offer)
        if wrong := unusable(data, self.config):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields are wrong", {"phone": next(iter(wrong.values()))})
        ticket = open_ticket(ticket_id(source, key), source, key, data, ctx, self.config)
        notice = notice_of(ticket, self.config.rules)
        return Answer({"service_request_id": ticket.id, **({"service_notice": notice} if notice else {})})

    @query(open311.GET_TOKEN)
    def get_token(self, connection: Connection, search: Body, actor: Actor | None, token: str) -> list[Body] | None:
        """The request that came of it. Whoever has the token learns no more than that it is kept."""
        offer = self._offer(search)
        ticket = store.ticket(connection, token)
        kept = ticket is not None and ticket.category in offer.services
        return [{"service_request_id": token, "token": token}] if kept else None

    @query(open311.GET_REQUESTS)
    def get_requests(self, connection: Connection, search: Body, actor: Actor | None) -> list[Body]:
        """Those that whoever asks may see."""
        offer = self._offer(search)
        found = seen(connection, visible(offer, actor), search, self.clock.now(), actor)
        return [request(one, offer, self.config.rules) for one in found]

    @query(open311.GET_REQUEST)
    def get_request(
        self, connection: Connection, search: Body, actor: Actor | None, service_request_id: str
    ) -> list[Body] | None:
        """One of them, however old; None where it is not there or not to be seen."""
        offer = self._offer(search)
        wanted = {"service_request_id": [service_request_id]}
        found = seen(connection, visible(offer, actor), wanted, self.clock.now(), actor)
        return [request(one, offer, self.config.rules) for one in found] or None

    def _offer(self, asked: Body) -> Offer:
        """What is offered. Raises Missing for another jurisdiction."""
        self.config.offer.check(asked.get("jurisdiction_id"))
        return self.config.offer
