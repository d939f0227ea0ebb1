"""What residents ask about their ticket. Each rule raises NotNow where `state.ALLOWED` does not allow its command."""

from datetime import datetime

from chassis.effects import CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import Closure, ReworkCause
from contracts.events import tickets as say
from services.tickets.domain.rules import Rules
from services.tickets.domain.state import Command, State, require
from services.tickets.domain.ticket import REVISIT, Ticket


class TooLate(Refused):
    """A closed ticket is reopened within a time; after it, a new whistle is blown."""


def rate(ticket: Ticket, resolved: bool, satisfied: bool, at: datetime) -> Effects:
    """The answer to the revisit: not solved means rework, solved closes, contentedly or not."""
    require(Command.RATE, ticket.state)
    answer = say.TicketRated(generation=ticket.generation, resolved=resolved, satisfied=satisfied)
    rated = Effects(DomainEvent(answer, ticket.id))
    if not resolved:
        return rated + (CancelTimer(ticket.id, REVISIT),) + ticket.rework(ReworkCause.DISSATISFIED)
    return rated + ticket.close(Closure.SATISFIED if satisfied else Closure.DISSATISFIED, at)


def reopen(ticket: Ticket, rules: Rules, at: datetime) -> Effects:
    """The matter is back: a new generation, which dispatch is to take up. The last moment still counts. Raises TooLate."""
    require(Command.REOPEN, ticket.state)
    if ticket.closed_at is None or at > ticket.closed_at + rules.reopen:
        raise TooLate("reopen: the time for it is over; blow a new whistle")
    ticket.generation += 1
    ticket.state, ticket.handled_by, ticket.closure, ticket.closed_at = State.REOPENED, [], None, None
    reopened = DomainEvent(say.TicketReopened(generation=ticket.generation), ticket.id)
    return Effects(reopened) + ticket.watch(rules, at)


def cancel(ticket: Ticket) -> Effects:
    """The reporter withdraws it."""
    require(Command.CANCEL, ticket.state)
    return ticket.end(State.CANCELLED, DomainEvent(say.TicketCancelled(), ticket.id))
