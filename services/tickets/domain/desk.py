"""What operators decide about a ticket. Each rule raises NotNow where `state.ALLOWED` does not allow its command."""

from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import RejectReason, ReworkCause, Urgency
from contracts.events import tickets as say
from services.tickets.domain.rules import Rules
from services.tickets.domain.state import AFTER_HANDLED, OPEN_STATES, Command, State, require
from services.tickets.domain.ticket import REVIEW, REVISIT, WATCHDOG, Ticket


class BadSurvivor(Refused):
    """A ticket cannot be merged into itself, nor into one that is not open."""


class NotLater(Refused):
    """A review date that is not ahead."""


class NotRaised(Refused):
    """Urgency only rises."""


def reject(ticket: Ticket, reason: RejectReason) -> Effects:
    """The matter is not taken on; the notice tells the route it has instead."""
    require(Command.REJECT, ticket.state)
    ticket.rejected_for = reason
    return ticket.end(State.REJECTED, DomainEvent(say.TicketRejected(reason=reason), ticket.id))


def merge(ticket: Ticket, survivor: Ticket) -> Effects:
    """The same matter as the survivor, which takes over everybody who followed this one.

    Where the survivor had nobody to ask whether it is solved, the merged reporter is asked. Raises BadSurvivor.
    """
    require(Command.MERGE, ticket.state)
    if survivor.id == ticket.id or survivor.state not in OPEN_STATES:
        raise BadSurvivor(f"into: {survivor.id!r} is the same ticket, or is {survivor.state.value}")
    ticket.merged_into = survivor.id
    survivor.followers += [one for one in (ticket.id, *ticket.followers) if one not in survivor.followers]
    survivor.has_contact = survivor.has_contact or ticket.has_contact
    merged = say.TicketMerged(into=survivor.id, generation=ticket.generation)
    return ticket.end(State.MERGED, DomainEvent(merged, ticket.id))


def take_urgency(survivor: Ticket, merged: Ticket) -> Effects:
    """What was merged into it may be more urgent: two whistles about one matter are as urgent as the more urgent of them."""
    if merged.urgency.value >= survivor.urgency.value:
        return NO_EFFECTS
    return raise_urgency(survivor, merged.urgency)


def park(ticket: Ticket, reason: str, review_at: datetime, at: datetime) -> Effects:
    """It cannot be solved now (挂账): kept until it is looked at again. Nothing else rings meanwhile. Raises NotLater."""
    require(Command.PARK, ticket.state)
    if review_at <= at:
        raise NotLater("review_at: is not ahead")
    ticket.parked_from, ticket.state = ticket.state, State.PARKED
    ticket.parked_for, ticket.review_at = reason, review_at
    return Effects(
        DomainEvent(say.TicketParked(reason=reason, review_at=review_at), ticket.id),
        CancelTimer(ticket.id, WATCHDOG),
        CancelTimer(ticket.id, REVISIT),
        ArmTimer(ticket.id, REVIEW, review_at, ticket.generation),
    )


def resume(ticket: Ticket, rules: Rules, at: datetime) -> Effects:
    """Handling again.

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
    """The review date came: a ticket that is still parked goes back to work, where its clocks call somebody."""
    if ticket.state is not State.PARKED or ticket.review_at is None or at < ticket.review_at:
        return NO_EFFECTS
    return resume(ticket, rules, at)


def raise_urgency(ticket: Ticket, urgency: Urgency) -> Effects:
    """A person raises the urgency; E0 is the highest. Raises NotRaised for the same or a lower one."""
    require(Command.RAISE_URGENCY, ticket.state)
    if urgency.value >= ticket.urgency.value:
        raise NotRaised(f"urgency: {urgency.value} is not above {ticket.urgency.value}")
    ticket.urgency = urgency
    return Effects(DomainEvent(say.TicketUrgencyRaised(urgency=urgency), ticket.id))
