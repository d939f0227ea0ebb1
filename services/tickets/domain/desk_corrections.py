"""The corrections of the desk: another category, another contact. Each raises NotNow where the state does not allow it."""

from dataclasses import dataclass
from datetime import datetime

from chassis.effects import NO_EFFECTS, DomainEvent, Effects, Refused
from contracts.codes import Urgency
from contracts.events import tickets as events
from services.tickets.domain.allowed_commands import Command, require
from services.tickets.domain.operator_commands import raise_urgency
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import REPORTER_PHONE


class SameCategory(Refused):
    """Raised for the category that the ticket has already."""


class StaysWithPolice(Refused):
    """Raised for a category by which a police matter would leave the police."""


@dataclass(frozen=True, slots=True)
class Category:
    """A registered category: its code, its urgency, and whether the ticket is a dispute under it."""

    code: str
    urgency: Urgency
    dispute: bool


def change_category(ticket: Ticket, category: Category, rules: Rules, at: datetime) -> Effects:
    """Give the ticket its right category, by which dispatch routes it again. Raises SameCategory, StaysWithPolice.

    A more urgent category raises the ticket's urgency; nobody lowers it.
    """
    require(Command.CHANGE_CATEGORY, ticket.state)
    if category.code == ticket.category:
        raise SameCategory("category: the ticket has this category already")
    if ticket.category in rules.police_matters and category.code not in rules.police_matters:
        raise StaysWithPolice("category: a police matter stays with the police; only another police matter may take its place")
    changed = take_category(ticket, category.code, category.dispute, None, rules, at)
    return changed + (raise_urgency(ticket, category.urgency) if category.urgency.value < ticket.urgency.value else NO_EFFECTS)


def take_category(ticket: Ticket, category: str, dispute: bool, merged: str | None, rules: Rules, at: datetime) -> Effects:
    """Route the ticket by a category in a new generation, so that no late completion of the old one counts.

    ``merged`` is the merged ticket whose category it is, if it is one's.
    """
    before, ticket.category, ticket.dispute = ticket.category, category, dispute
    ticket.generation += 1
    changed = events.TicketCategoryChanged(
        category=category, before=before, dispute=dispute, merged=merged, generation=ticket.generation
    )
    return Effects(DomainEvent(changed, ticket.id)) + ticket.watch(rules, at)


def correct_contact(ticket: Ticket, usable: bool, reporter_key: str | None) -> Effects:
    """Take over that the reporter is reached another way. ``usable``: the reporter can be asked by it."""
    require(Command.CORRECT_CONTACT, ticket.state)
    if usable:
        ticket.has_contact = True
        ticket.unusable_contacts = [field for field in ticket.unusable_contacts if field != REPORTER_PHONE]
    ticket.reporter_key = reporter_key
    return NO_EFFECTS
