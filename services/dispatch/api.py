"""The commands of the HTTP interface of dispatch, and the page of a party's link. `query_api` has the queries."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.handler_context import HandlerContext
from chassis.http import Answer, Problem, command, query
from contracts.codes import LinkPurpose
from contracts.http import dispatch as http
from contracts.http import links
from services.dispatch import store
from services.dispatch.config import DispatchConfig
from services.dispatch.domain.case import MayNotSpeak
from services.dispatch.domain.context import CaseContext
from services.dispatch.report_handler import LINK_OF, check_grant, file_report, make_request


class DispatchApi:
    """The HTTP commands of dispatch. `DispatchService` inherits them, and provides the configuration and the context."""

    config: DispatchConfig
    clock: BusinessClock
    context: Callable[[HandlerContext], CaseContext]

    @command(http.FILE_REPORT)
    def file_report(self, body: http.Report, ctx: HandlerContext, key: str) -> Answer:
        """Carry out a responder's command. Raises Problem 403 for a unit that the account does not speak for."""
        ticket = body.ticket
        try:
            file_report(ticket, body, ctx.for_subject(ticket), self.context(ctx))
        except MayNotSpeak as wrong:
            raise Problem(HTTPStatus.FORBIDDEN, str(wrong)) from None
        return Answer({"ticket": ticket, "command": body.command, "id": key}, {"Location": http.GET_CASE.at(ticket=ticket)})

    @command(http.ASK_AS_PARTY)
    def ask_as_party(self, body: http.PartyRequest, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Record a party's consent, or its withdrawal. The link in the body is the authority, or the role desk."""
        make_request(ticket, body, ctx.for_subject(ticket), self.context(ctx), self.config.links)
        return Answer({"ticket": ticket, "request": body.request}, {"Location": http.GET_CASE.at(ticket=ticket)})

    @query(http.SHOW_PARTY_LINK)
    def show_link(self, connection: Connection, ticket: str, purpose: str, search: Mapping[str, Any]) -> dict[str, Any] | None:
        """Tell that a party's link can be used. Raises BadLink, LinkOver. Looking, as mail scanners do, changes nothing."""
        case = store.case(connection, ticket)
        if case is None or purpose not in LINK_OF.values():
            return None
        check_grant(self.config.links.read(search["token"], ticket, purpose), case, self.clock.now())
        return {"ticket": ticket, "purpose": LinkPurpose(purpose), "told": links.USABLE}
