"""The commands of residents on their ticket. Each raises NotNow where `allowed_commands.ALLOWED` does not allow it."""

from datetime import datetime

from chassis.effects import CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import Closure, ReworkCause
from contracts.events import tickets as events
from services.tickets.domain.allowed_commands import Command, State, require
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import REVISIT, Ticket


class TooLate(Refused):
    """Raised for a reopening after the time for it; the resident then blows a new whistle."""


def rate(ticket: Ticket, resolved: bool, satisfied: bool, at: datetime) -> Effects:
    """Take the answer to the revisit: not solved orders rework, solved closes the ticket."""
    require(Command.RATE, ticket.state)
    answer = events.TicketRated(generation=ticket.generation, resolved=resolved, satisfied=satisfied)
    rated = Effects(DomainEvent(answer, ticket.id))
    if not resolved:
        return rated + (CancelTimer(ticket.id, REVISIT),) + ticket.rework(ReworkCause.DISSATISFIED)
    return rated + ticket.close(Closure.SATISFIED if satisfied else Closure.DISSATISFIED, at)


def reopen(ticket: Ticket, rules: Rules, at: datetime) -> Effects:
    """Reopen a closed ticket in a new generation, which dispatch takes up. The last moment still counts. Raises TooLate."""
    require(Command.REOPEN, ticket.state)
    if ticket.closed_at is None or at > ticket.closed_at + rules.reopen:
        raise TooLate("reopen: the time for it is over; blow a new whistle")
    ticket.generation += 1
    ticket.state, ticket.handled_by, ticket.closure, ticket.closed_at = State.REOPENED, [], None, None
    reopened = DomainEvent(events.TicketReopened(generation=ticket.generation), ticket.id)
    return Effects(reopened) + ticket.watch(rules, at)


def cancel(ticket: Ticket) -> Effects:
    """Cancel a ticket for its reporter."""
    require(Command.CANCEL, ticket.state)
    return ticket.end(State.CANCELLED, DomainEvent(events.TicketCancelled(), ticket.id))
