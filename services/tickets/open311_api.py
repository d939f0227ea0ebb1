"""The operations of GeoReport v2. `TicketsService` inherits them and sets the configuration."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, select

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.handler_context import HandlerContext
from chassis.http import Answer, Problem
from contracts.http import open311
from contracts.http.open311.schemas import FORMATS, Type
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.contacts import contact_errors
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import open_ticket
from services.tickets.open311.entrypoints import ATTRIBUTES, command, query
from services.tickets.open311.form_mapping import whistle_from_form
from services.tickets.open311.request_search import visibility, visible_requests
from services.tickets.open311.service_catalog import ServiceCatalog
from services.tickets.open311.views import request_view, service_notice

Body = Mapping[str, Any]


class Open311Api:
    """The resources of the standard."""

    config: TicketsConfig
    clock: BusinessClock

    @query(open311.GET_DISCOVERY)
    def discover(self, connection: Connection, search: Body, actor: Actor | None, base_url: str | None) -> Body:
        """Return the endpoint, at the address by which the client came, and the contact."""
        catalog = self._offer(search)
        endpoint = {
            "specification": open311.SPECIFICATION,
            "url": catalog.url or f"{base_url or ''}{open311.ENDPOINT}",
            "changeset": catalog.changeset,
            "type": "test" if catalog.test else "production",
            "formats": list(FORMATS.values()),
        }
        return {
            "changeset": catalog.changeset,
            "contact": catalog.contact,
            "key_service": catalog.key_service,
            "endpoints": [endpoint],
        }

    @query(open311.GET_SERVICES)
    def get_services(self, connection: Connection, search: Body, actor: Actor | None) -> list[Body]:
        """Return the catalog's services whose categories dispatch has registered."""
        catalog = self._offer(search)
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
            for code, service in catalog.services.items()
            if code in registered
        ]

    @query(open311.GET_DEFINITION)
    def get_definition(self, connection: Connection, search: Body, actor: Actor | None, service_code: str) -> Body | None:
        """Return a service's definition; no service has attributes."""
        self._offer(search).service(service_code)
        found = store.registered(connection, store.categories, service_code)
        return {"service_code": service_code, "attributes": []} if found else None

    @command(open311.POST_REQUEST)
    def post_request(self, body: Body, ctx: HandlerContext, key: str) -> Answer:
        """Blow the whistle. The request's id is the ticket's, and is returned once the ticket is kept. Raises Unregistered,
        Problem.
        """
        catalog = self._offer(body)
        source = ctx.commander().own_source
        data = whistle_from_form(body, body[ATTRIBUTES], catalog)
        if wrong := contact_errors(data, self.config):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields are wrong", {"phone": next(iter(wrong.values()))})
        ticket = open_ticket(ticket_id(source, key), source, key, data, ctx, self.config)
        notice = service_notice(ticket, self.config.rules)
        return Answer({"service_request_id": ticket.id, **({"service_notice": notice} if notice else {})})

    @query(open311.GET_TOKEN)
    def get_token(self, connection: Connection, search: Body, actor: Actor | None, token: str) -> list[Body] | None:
        """Return the request of a token, which is its own id. A holder of the token learns no more than that it is kept."""
        catalog = self._offer(search)
        ticket = store.ticket(connection, token)
        kept = ticket is not None and ticket.category in catalog.services
        return [{"service_request_id": token, "token": token}] if kept else None

    @query(open311.GET_REQUESTS)
    def get_requests(self, connection: Connection, search: Body, actor: Actor | None) -> list[Body]:
        """Return the requests that the caller may see."""
        catalog = self._offer(search)
        found = visible_requests(connection, visibility(catalog, actor), search, self.clock.now(), actor)
        return [request_view(one, catalog, self.config.rules) for one in found]

    @query(open311.GET_REQUEST)
    def get_request(
        self, connection: Connection, search: Body, actor: Actor | None, service_request_id: str
    ) -> list[Body] | None:
        """Return one request, however old; None where there is none, or the caller may not see it."""
        catalog = self._offer(search)
        wanted = {"service_request_id": [service_request_id]}
        found = visible_requests(connection, visibility(catalog, actor), wanted, self.clock.now(), actor)
        return [request_view(one, catalog, self.config.rules) for one in found] or None

    def _offer(self, asked: Body) -> ServiceCatalog:
        """Return the catalog. Raises Missing for another jurisdiction."""
        self.config.catalog.check(asked.get("jurisdiction_id"))
        return self.config.catalog
