"""Taking the requests of residents, by HTTP or by event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.signed_links import ExpiredLink, Grant, UsedLink
from contracts.codes import LinkPurpose, Request, UnmergeCause
from contracts.events.intake import RequestMade
from services.tickets import store
from services.tickets.config import TicketsConfig
from services.tickets.domain import resident_commands
from services.tickets.domain.allowed_commands import ALLOWED, Command, State
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from services.tickets.merging import continue_without_survivor, reopen_merged, survivor_chain

LINK_FOR: Mapping[Request, LinkPurpose] = {
    Request.RATE: LinkPurpose.RATE,
    Request.REOPEN: LinkPurpose.REOPEN,
    Request.CANCEL: LinkPurpose.CANCEL,
}
"""The purpose of the link that each request needs. Consent and its withdrawal are absent: dispatch takes them."""


COMMANDS: Mapping[Request, Command] = {
    Request.RATE: Command.RATE,
    Request.REOPEN: Command.REOPEN,
    Request.CANCEL: Command.CANCEL,
}
"""The command of each request."""
ANSWERS = ("resolved", "satisfied")
"""The fields that a rating needs."""


def missing_answers(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers that a rating lacks, by field."""
    if data.get("request") is not Request.RATE:
        return {}
    return {name: "a rating needs it" for name in ANSWERS if data.get(name) is None}


def check_grant(grant: Grant, ticket: Ticket, request: Request, survivor: Ticket, rules: Rules, at: datetime) -> None:
    """Check that a link may be used in the ticket's state. Raises OutdatedLink, ExpiredLink, UsedLink.

    ``survivor`` is the ticket itself, or what it was merged into at last: once that one is closed a merged one may be reopened.
    """
    grant.require(ticket.generation, at)
    alone = request is Request.REOPEN and ticket.state is State.MERGED  # the ticket says itself why it may not yet
    if not alone and ticket.state not in ALLOWED[COMMANDS[request]]:
        raise UsedLink
    if request is Request.REOPEN and survivor.closed_at is not None and at > survivor.closed_at + rules.reopen:
        raise ExpiredLink


def make_request(id_: str, made: RequestMade, ctx: HandlerContext, config: TicketsConfig) -> Ticket:
    """Apply a request to its ticket. The authority is a signed link of this purpose, or an account with the role desk.

    Raises Missing, BadLink, LinkOver, and what the ticket refuses.
    """
    request = made.request
    noted_by, grant = None, None
    if made.link:
        grant = config.links.read(made.link, id_, LINK_FOR[request])
    elif "desk" in ctx.commander().roles:
        noted_by = ctx.commander().id
    else:
        raise Refused("link: missing, and the sender is not somebody on duty")
    ticket = ctx.load(Ticket, id_)
    if grant is not None:
        check_grant(grant, ticket, request, [ticket, *survivor_chain(ticket, ctx)][-1], config.rules, ctx.now)
    if request is Request.RATE:
        if made.resolved is None or made.satisfied is None:
            raise Refused(missing_answers(made.by_name()))
        ctx.apply(resident_commands.rate(ticket, made.resolved, made.satisfied, ctx.now))
    elif request is Request.REOPEN and ticket.merged_into is not None:
        reopen_merged(ticket, ctx, config)
    elif request is Request.REOPEN:
        ctx.apply(resident_commands.reopen(ticket, config.rules, ctx.now))
    else:
        ctx.apply(resident_commands.cancel(ticket))
        continue_without_survivor(ticket, UnmergeCause.CANCELLED, ctx, config)
    said = {"request": request.value, "noted_by": noted_by, "comment": made.comment, "made_at": ctx.now}
    ctx.insert(store.requests, {"ticket": id_, **said})
    return ticket
