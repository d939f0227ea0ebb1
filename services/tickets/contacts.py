"""Who is told about a ticket, and which signed links they get. It travels to notify alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.codes import LinkPurpose
from contracts.contact_points import BadContactPoint, comparable, normalised
from services.tickets.config import Configured
from services.tickets.domain.ticket import Ticket

REPORTERS = (LinkPurpose.RATE, LinkPurpose.CONSENT, LinkPurpose.REOPEN, LinkPurpose.CANCEL)
"""What whoever blew the whistle gets links for; the respondent's is another."""
PEOPLE = ("reporter", "respondent")
"""The parts of a whistle that name a person."""


def unusable(data: Mapping[str, Any], config: Configured) -> dict[str, str]:
    """Return what is wrong with each contact point of a whistle's data, by field, such as ``reporter.phone``."""
    wrong = {}
    for person in PEOPLE:
        phone = (data.get(person) or {}).get("phone")
        try:
            if phone:
                normalised(phone, config.region)
        except BadContactPoint as bad:
            wrong[f"{person}.phone"] = str(bad)
    return wrong


def contact(ticket: Ticket, data: Mapping[str, Any], at: datetime, config: Configured) -> dict[str, Any]:
    """Who reported it, and the other party; whose only link is the one to respond. ``data`` are the whistle's.

    A contact point travels in its normalised form; one that nobody can be reached by does not travel.
    """
    respondent = _person(data.get("respondent"), config)
    if respondent.get("phone"):
        respondent["links"] = signed(ticket, (LinkPurpose.RESPOND,), at, config)
    return {**_person(data.get("reporter"), config), "respondent": respondent or None}


def can_be_asked(data: Mapping[str, Any], config: Configured) -> bool:
    """Whether a whistle's reporter can be asked whether it is solved. ``data`` are the whistle's."""
    return comparable((data.get("reporter") or {}).get("phone"), config.region) is not None


def signed(ticket: Ticket, purposes: Iterable[LinkPurpose], at: datetime, config: Configured) -> dict[str, str]:
    """A link for each purpose, for the ticket's generation: notify makes later ones of the same purposes."""
    return {purpose.value: config.links.sign(ticket.id, purpose, ticket.generation, at) for purpose in purposes}


def _person(said: Mapping[str, Any] | None, config: Configured) -> dict[str, Any]:
    if not said:
        return {}
    phone = comparable(said.get("phone"), config.region)
    return {"name": said.get("name"), "phone": phone, "locale": said.get("locale")}
