"""Two tickets about one matter become one: the desk says so, or the producer of both whistles does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.outcome import Happened, Outcome
from chassis.work import Work
from contracts.codes import LinkPurpose
from contracts.events import tickets as say
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.contacts import contact, signed
from services.tickets.domain import desk
from services.tickets.domain.state import BEFORE_HANDLED, State
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id

AT_WORK = BEFORE_HANDLED | {State.PARKED}
"""Where a repeated whistle adds nothing. Once the responders say done, it says that they are mistaken, and stays a ticket."""


def merge(ticket: Ticket, survivor: Ticket, work: Work, config: Configured) -> None:
    """Everybody who followed the ticket follows the survivor from now on. Raises NotNow, BadSurvivor."""
    told = {one: store.whistle(work.connection, one) for one in (ticket.id, *ticket.followers)}
    _merge(ticket, survivor, told, work, config)


def merge_if_repeated(ticket: Ticket, producer: str, data: Mapping[str, Any], work: Work, config: Configured) -> None:
    """The producer names an earlier whistle of its own (``same_as``): the new ticket is merged where that one is at work.

    Where it is not, or was never heard of, the new ticket stands for itself: nobody's whistle is lost for a wrong id.
    """
    earlier = data.get("same_as")
    survivor = _last(ticket_id(producer, earlier), work) if earlier else None
    if survivor is not None and survivor.id != ticket.id and survivor.state in AT_WORK:
        _merge(ticket, survivor, {ticket.id: data}, work, config)


def _merge(ticket: Ticket, survivor: Ticket, told: Mapping[str, Mapping[str, Any]], work: Work, config: Configured) -> None:
    """``told`` are the whistles of the ticket and of those that follow it."""
    asked = ticket.has_contact and not survivor.has_contact
    work.for_subject(ticket.id).apply(desk.merge(ticket, survivor))
    for one, data in told.items():
        follower = work.find(Ticket, one) or ticket
        work.for_subject(one).apply(_follow(follower, data, survivor, asked, work.now, config))
    work.for_subject(survivor.id).apply(desk.take_urgency(survivor, ticket))


def _last(id_: str, work: Work) -> Ticket | None:
    """The ticket, or the one that it was merged into at last: a merged one is never a survivor, so there is no circle."""
    found = work.find(Ticket, id_)
    while found is not None and found.merged_into is not None:
        found = work.find(Ticket, found.merged_into)
    return found


def _follow(
    ticket: Ticket, data: Mapping[str, Any], survivor: Ticket, asked: bool, at: datetime, config: Configured
) -> Outcome:
    """From now on the reporter of a merged ticket follows the survivor's notices.

    ``asked``: the survivor has nobody else to ask whether it is solved, so this reporter gets the survivor's links to rate and,
    once it is closed, to reopen.
    """
    links = signed(survivor, (LinkPurpose.RATE, LinkPurpose.REOPEN), at, config) if asked else None
    follows = {**contact(ticket, data, at, config), "links": links, "follows": survivor.id}
    return Outcome(Happened(say.ContactRecorded, ticket.id, follows))
