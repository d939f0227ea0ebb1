"""The contact of a ticket and the signed links of its reporter. Only notify receives them."""

from collections.abc import Iterable
from datetime import datetime

from contracts.codes import LinkPurpose
from contracts.contact_points import BadContactPoint, comparable, normalised
from contracts.events.intake import Reporter, WhistleBlown
from contracts.events.tickets import ContactRecorded, Links, Respondent
from services.tickets.config import TicketsConfig
from services.tickets.domain.ticket import Ticket

REPORTER_LINKS = (LinkPurpose.RATE, LinkPurpose.CONSENT, LinkPurpose.REOPEN, LinkPurpose.CANCEL)
"""The purposes of a reporter's links; the respondent's link has another."""


def contact_errors(whistle: WhistleBlown, config: TicketsConfig) -> dict[str, str]:
    """Return the errors of a whistle's contact points by field, such as ``reporter.phone``."""
    wrong = {}
    for name, person in (("reporter", whistle.reporter), ("respondent", whistle.respondent)):
        try:
            if person and person.phone:
                normalised(person.phone, config.region)
        except BadContactPoint as bad:
            wrong[f"{name}.phone"] = str(bad)
    return wrong


def contact_recorded(
    ticket: Ticket,
    whistle: WhistleBlown,
    at: datetime,
    config: TicketsConfig,
    links: Links | None,
    links_of: str | None = None,
    follows: str | None = None,
) -> ContactRecorded:
    """Return the contact event: the reporter with these links, and the respondent, whose only link is the one to respond.

    A contact point travels in its normalised form; one that nobody can be reached by does not travel.
    """
    reporter = whistle.reporter or Reporter()
    return ContactRecorded(
        name=reporter.name,
        phone=comparable(reporter.phone, config.region),
        locale=reporter.locale,
        links=links,
        respondent=_respondent(ticket, whistle.respondent, at, config) if whistle.respondent else None,
        links_of=links_of,
        follows=follows,
    )


def can_be_asked(whistle: WhistleBlown, config: TicketsConfig) -> bool:
    """Return whether a whistle's reporter can be asked whether the matter is solved."""
    return whistle.reporter is not None and comparable(whistle.reporter.phone, config.region) is not None


def signed_links(ticket: Ticket, purposes: Iterable[LinkPurpose], at: datetime, config: TicketsConfig) -> Links:
    """Return a link for each purpose, for the ticket's generation; notify makes later links of the same purposes."""
    return Links.of({purpose.value: config.links.sign(ticket.id, purpose, ticket.generation, at) for purpose in purposes})


def _respondent(ticket: Ticket, person: Reporter, at: datetime, config: TicketsConfig) -> Respondent:
    phone = comparable(person.phone, config.region)
    links = signed_links(ticket, (LinkPurpose.RESPOND,), at, config) if phone else None
    return Respondent(name=person.name, phone=phone, locale=person.locale, links=links)
