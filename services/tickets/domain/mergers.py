"""Mergers: the effects on the survivor, and on its followers when it ends.

A merger respects routing. A police matter (涉警事项) is never merged, in neither direction: its police are relieved by nobody
else's whistle, and nothing else reaches a property company or a mediator by way of it. Where the merged matter is of a more
serious category, the survivor takes that category over and dispatch routes it again.

Nobody ends a matter for the others who reported it. Where the survivor is cancelled or rejected, one of the tickets that were
merged into it goes on in its place, and the others are merged into that one. Where it is closed, whoever follows it may reopen
the ticket of their own, which then goes on by itself.
"""

from collections.abc import Sequence
from datetime import datetime

from chassis.effects import NO_EFFECTS, DomainEvent, Effects, Refused
from contracts.codes import UnmergeCause, Urgency
from contracts.events import tickets as events
from services.tickets.domain import operator_commands, resident_commands
from services.tickets.domain.allowed_commands import BEFORE_HANDLED, OPEN_STATES, Command, NotNow, State, require
from services.tickets.domain.desk_corrections import take_category
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket


class BadSurvivor(Refused):
    """Raised for a merger of a ticket into itself, or into one that is not open."""


class PoliceMatter(BadSurvivor):
    """Raised for a merger in which one of the two tickets is a police matter."""


def check_merger(ticket: Ticket, survivor: Ticket, more_serious: bool, rules: Rules) -> None:
    """Raise PoliceMatter or BadSurvivor unless routing allows the merger. ``more_serious``: the merged category is.

    Two other checks stand elsewhere: `allowed_commands.ALLOWED` says in which states a ticket may be merged, and `merge` that a
    survivor is open and not the ticket itself.
    """
    if {ticket.category, survivor.category} & rules.police_matters:
        raise PoliceMatter("into: a police matter is never merged, nor is anything merged into it; each is handled by itself")
    if more_serious and survivor.state not in BEFORE_HANDLED | {State.PARKED}:
        raise BadSurvivor(f"into: {survivor.id!r} is said to be done, and this ticket's category is more serious")


def merge(ticket: Ticket, survivor: Ticket) -> Effects:
    """Merge a ticket into the survivor, which takes over all its followers.

    Where the survivor had nobody to ask whether it is solved, the merged reporter is asked. Raises BadSurvivor.
    """
    require(Command.MERGE, ticket.state)
    if survivor.id == ticket.id or survivor.state not in OPEN_STATES:
        raise BadSurvivor(f"into: {survivor.id!r} is the same ticket, or is {survivor.state.value}")
    ticket.merged_into = survivor.id
    survivor.followers += [one for one in (ticket.id, *ticket.followers) if one not in survivor.followers]
    survivor.has_contact = survivor.has_contact or ticket.has_contact
    merged = events.TicketMerged(into=survivor.id, generation=ticket.generation)
    return ticket.end(State.MERGED, DomainEvent(merged, ticket.id))


def take_urgency(survivor: Ticket, merged: Ticket) -> Effects:
    """Raise the survivor's urgency to that of the merged ticket, where that is higher."""
    if merged.urgency.value >= survivor.urgency.value:
        return NO_EFFECTS
    return operator_commands.raise_urgency(survivor, merged.urgency)


def is_more_serious(category: Urgency, other: Urgency) -> bool:
    """Return whether a category is more serious than another, by the urgency each is registered with; E0 is the highest."""
    return category.value < other.value


def merge_into(ticket: Ticket, survivor: Ticket, more_serious: bool, rules: Rules, at: datetime) -> Effects:
    """Merge a ticket into the survivor, which takes over its category, if more serious, and its urgency.

    Raises NotNow, BadSurvivor, PoliceMatter, before anything has changed.
    """
    check_merger(ticket, survivor, more_serious, rules)
    merged = merge(ticket, survivor)
    changed = _take_category(survivor, ticket, rules, at) if more_serious else NO_EFFECTS
    return merged + changed + take_urgency(survivor, ticket)


def continue_without_survivor(
    survivor: Ticket, merged: Sequence[Ticket], cause: UnmergeCause, rules: Rules, at: datetime
) -> Effects:
    """Continue the first of the tickets that were merged into an ended survivor; the others follow that one."""
    first, *others = merged
    survivor.followers = []
    outcome = _unmerge(first, survivor, cause, rules, at)
    for other in others:
        other.merged_into = first.id
        outcome += Effects(DomainEvent(events.TicketMerged(into=first.id, generation=other.generation), other.id))
        first.followers += [one for one in (other.id, *other.followers) if one not in first.followers]
        first.has_contact = first.has_contact or other.has_contact
        outcome += take_urgency(first, other)
    return outcome


def check_reopening(survivor: Ticket, rules: Rules, at: datetime) -> None:
    """Raise NotNow or TooLate unless a ticket that was merged into the survivor may be reopened by itself."""
    if survivor.state is not State.CLOSED:
        raise NotNow(f"reopen: not while the matter goes on as ticket {survivor.id!r}")
    if survivor.closed_at is None or at > survivor.closed_at + rules.reopen:
        raise resident_commands.TooLate("reopen: the time for it is over; blow a new whistle")


def leave_survivor(ticket: Ticket, above: Sequence[Ticket], rules: Rules, at: datetime) -> Effects:
    """Reopen a merged ticket for its reporter; the tickets that were merged into it stay with it.

    ``above`` are the tickets from the one that it was merged into up to the survivor. Raises NotNow, TooLate.
    """
    check_reopening(above[-1], rules, at)
    leaving = {ticket.id, *ticket.followers}
    for one in above:
        one.followers = [other for other in one.followers if other not in leaving]
    return _unmerge(ticket, above[-1], UnmergeCause.REOPENED, rules, at)


def _unmerge(ticket: Ticket, survivor: Ticket, cause: UnmergeCause, rules: Rules, at: datetime) -> Effects:
    ticket.generation += 1
    ticket.state, ticket.merged_into, ticket.handled_by = State.REOPENED, None, []
    unmerged = events.TicketUnmerged(survivor=survivor.id, cause=cause, generation=ticket.generation)
    return Effects(DomainEvent(unmerged, ticket.id)) + ticket.watch(rules, at)


def _take_category(survivor: Ticket, merged: Ticket, rules: Rules, at: datetime) -> Effects:
    """Route the survivor by the merged ticket's category.

    A parked survivor goes back to work: it was parked for the less serious matter.
    """
    resumed = operator_commands.resume(survivor, rules, at) if survivor.state is State.PARKED else NO_EFFECTS
    return resumed + take_category(survivor, merged.category, merged.dispute, merged.id, rules, at)
