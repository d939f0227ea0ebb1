"""The commands of operators on a ticket. Each raises NotNow where `allowed_commands.ALLOWED` does not allow it."""

from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import RejectReason, ReworkCause, Urgency
from contracts.events import tickets as events
from services.tickets.domain.allowed_commands import AFTER_HANDLED, Command, State, require
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import REVIEW, REVISIT, WATCHDOG, Ticket


class NotLater(Refused):
    """Raised for a review date that is not in the future."""


class NotRaised(Refused):
    """Raised for an urgency that is not above the present one."""


def reject(ticket: Ticket, reason: RejectReason) -> Effects:
    """Reject a matter; the notice names the route that it has instead."""
    require(Command.REJECT, ticket.state)
    ticket.rejected_for = reason
    return ticket.end(State.REJECTED, DomainEvent(events.TicketRejected(reason=reason), ticket.id))


def park(ticket: Ticket, reason: str, review_at: datetime, at: datetime) -> Effects:
    """Park a matter that cannot be solved now (挂账) until its review date; its other timers are cancelled. Raises NotLater."""
    require(Command.PARK, ticket.state)
    if review_at <= at:
        raise NotLater("review_at: is not ahead")
    ticket.parked_from, ticket.state = ticket.state, State.PARKED
    ticket.parked_for, ticket.review_at = reason, review_at
    return Effects(
        DomainEvent(events.TicketParked(reason=reason, review_at=review_at), ticket.id),
        CancelTimer(ticket.id, WATCHDOG),
        CancelTimer(ticket.id, REVISIT),
        ArmTimer(ticket.id, REVIEW, review_at, ticket.generation),
    )


def resume(ticket: Ticket, rules: Rules, at: datetime) -> Effects:
    """Resume the work on a parked ticket.

    Parked after somebody had said done, it was not solved after all: that is rework, in a new generation, so that no late
    verification of the old one counts. Where dispatch had not taken it up, the watchdog waits anew.
    """
    require(Command.RESUME, ticket.state)
    handled = ticket.parked_from in AFTER_HANDLED
    resumed = ticket.unparked()
    if handled:
        return resumed + ticket.rework(ReworkCause.VERIFICATION)
    return resumed + (ticket.watch(rules, at) if ticket.waiting_since else NO_EFFECTS)


def review(ticket: Ticket, rules: Rules, at: datetime) -> Effects:
    """Resume a ticket that is still parked at its review date."""
    if ticket.state is not State.PARKED or ticket.review_at is None or at < ticket.review_at:
        return NO_EFFECTS
    return resume(ticket, rules, at)


def raise_urgency(ticket: Ticket, urgency: Urgency) -> Effects:
    """Raise the urgency; E0 is the highest. Raises NotRaised for the same or a lower one."""
    require(Command.RAISE_URGENCY, ticket.state)
    if urgency.value >= ticket.urgency.value:
        raise NotRaised(f"urgency: {urgency.value} is not above {ticket.urgency.value}")
    ticket.urgency = urgency
    return Effects(DomainEvent(events.TicketUrgencyRaised(urgency=urgency), ticket.id))
