"""Who is told about a ticket, and which signed links they get. It travels to notify alone."""

from collections.abc import Iterable
from datetime import datetime

from contracts.codes import LinkPurpose
from contracts.contact_points import BadContactPoint, comparable, normalised
from contracts.events.intake import Reporter, WhistleBlown
from contracts.events.tickets import ContactRecorded, Links, Respondent
from services.tickets.config import Configured
from services.tickets.domain.ticket import Ticket

REPORTERS = (LinkPurpose.RATE, LinkPurpose.CONSENT, LinkPurpose.REOPEN, LinkPurpose.CANCEL)
"""What whoever blew the whistle gets links for; the respondent's is another."""


def unusable(whistle: WhistleBlown, config: Configured) -> dict[str, str]:
    """Return what is wrong with each contact point of a whistle, by field, such as ``reporter.phone``."""
    wrong = {}
    for name, person in (("reporter", whistle.reporter), ("respondent", whistle.respondent)):
        try:
            if person and person.phone:
                normalised(person.phone, config.region)
        except BadContactPoint as bad:
            wrong[f"{name}.phone"] = str(bad)
    return wrong


def contact(
    ticket: Ticket,
    whistle: WhistleBlown,
    at: datetime,
    config: Configured,
    links: Links | None,
    links_of: str | None = None,
    follows: str | None = None,
) -> ContactRecorded:
    """Return the reporter, with these links, and the other party, whose only link is the one to respond.

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


def can_be_asked(whistle: WhistleBlown, config: Configured) -> bool:
    """Whether a whistle's reporter can be asked whether it is solved."""
    return whistle.reporter is not None and comparable(whistle.reporter.phone, config.region) is not None


def signed(ticket: Ticket, purposes: Iterable[LinkPurpose], at: datetime, config: Configured) -> Links:
    """A link for each purpose, for the ticket's generation: notify makes later ones of the same purposes."""
    return Links.of({purpose.value: config.links.sign(ticket.id, purpose, ticket.generation, at) for purpose in purposes})


def _respondent(ticket: Ticket, person: Reporter, at: datetime, config: Configured) -> Respondent:
    phone = comparable(person.phone, config.region)
    links = signed(ticket, (LinkPurpose.RESPOND,), at, config) if phone else None
    return Respondent(name=person.name, phone=phone, locale=person.locale, links=links)
