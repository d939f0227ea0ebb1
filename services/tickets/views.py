"""The view of a ticket that other systems and its reporter see, and the answer to a command."""

from typing import Any

from chassis.http import Answer
from contracts.codes import Request
from contracts.http import tickets as http
from services.tickets.domain.allowed_commands import ALLOWED, State
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from services.tickets.resident_requests import COMMANDS


def view(ticket: Ticket, rules: Rules, survivor: Ticket) -> dict[str, Any]:
    """Return a ticket as other systems see it: its state, the requests that its reporter may make, and the advice for the
    reporter.

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


def state_answer(ticket: Ticket) -> Answer:
    """Return a command's answer: the ticket's present state."""
    address = http.GET_TICKET.at(ticket=ticket.id)
    return Answer({"ticket": ticket.id, "state": ticket.state, "status": address}, {"Location": address})
