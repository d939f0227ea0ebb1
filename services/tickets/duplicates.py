"""Comparing a new ticket with others that may be about the same matter, after it and those opened beside it are committed."""

from chassis.handler_context import HandlerContext
from services.tickets import store
from services.tickets.domain import duplicates
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket


def compare_with_others(id_: str, rules: Rules, ctx: HandlerContext) -> None:
    """Propose duplicates, and put a closure in doubt. Locks only the tickets about which an event is published.

    Of two tickets that were opened at once, the one compared last sees the other; each pair is published once.
    """
    ticket = store.ticket(ctx.connection, id_)
    if ticket is None:
        return
    for pair in duplicates.find_duplicates(
        ticket, store.open_alike(ctx.connection, ticket, rules.duplicates), rules.duplicates
    ):
        ctx.for_subject(pair.newer).apply(duplicates.propose_duplicate(ctx.load(Ticket, pair.newer), pair))
    doubtful = duplicates.find_doubted_closure(ticket, store.closed_alike(ctx.connection, ticket, rules.doubts), rules.doubts)
    if doubtful is not None:
        ctx.for_subject(doubtful).apply(duplicates.doubt_closure(ctx.load(Ticket, doubtful), id_))
