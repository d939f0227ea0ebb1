"""How a new ticket is compared with those that may be like it, once it and what was opened beside it are committed."""

from chassis.handler_context import HandlerContext
from services.tickets import store
from services.tickets.domain import likeness
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket


def compare(id_: str, rules: Rules, ctx: HandlerContext) -> None:
    """Propose duplicates, and put a closure in doubt. Only tickets about which something is said are locked.

    Of two that were opened at once, whoever is compared last sees the other; each pair is said once.
    """
    ticket = store.ticket(ctx.connection, id_)
    if ticket is None:
        return
    for pair in likeness.duplicates(ticket, store.open_alike(ctx.connection, ticket, rules.duplicates), rules.duplicates):
        ctx.for_subject(pair.newer).apply(likeness.propose(ctx.load(Ticket, pair.newer), pair))
    doubtful = likeness.doubts(ticket, store.closed_alike(ctx.connection, ticket, rules.doubts), rules.doubts)
    if doubtful is not None:
        ctx.for_subject(doubtful).apply(likeness.doubt(ctx.load(Ticket, doubtful), id_))
