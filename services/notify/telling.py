"""From an event to the notices that tell of it: whose contact, which language, which text, which way."""

from hashlib import sha256

from chassis.outcome import TooEarly
from chassis.store import machine_now
from chassis.work import Work
from contracts.envelope import Event
from services.notify.config import Configured
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.rules import RESIDENT, Telling, tellings

ID_LENGTH = 80


class ContactUnknown(TooEarly):
    """The ticket's contact travels on another queue and has not arrived yet."""


class MatterUnknown(TooEarly):
    """What the ticket is about travels on another queue and has not arrived yet."""


def tell(event: Event, work: Work, config: Configured) -> None:
    """Write a notice for everybody who is to be told. Raises ContactUnknown and MatterUnknown."""
    for telling in tellings(event.type, event.data):
        if telling.audience != RESIDENT:
            _write(telling, event, work, contact_of(event.subject, work), config)
            continue
        contact = _known(event.subject, work)
        _tell_resident(telling, event, work, contact, config)
        for ticket in contact.followers if telling.rule.followers else ():
            _tell_resident(telling, event, work, _known(ticket, work), config)


def contact_of(ticket: str, work: Work) -> Contact:
    """What is known of a ticket; from now on there is something to know."""
    contact = work.find(Contact, ticket)
    if contact is None:
        contact = Contact(ticket)
        work.add(contact)
    return contact


def follow(merged: str, into: str, work: Work) -> None:
    """The merged ticket's reporter, and whoever follows it, follow the survivor."""
    survivor, gone = contact_of(into, work), contact_of(merged, work)
    new = [ticket for ticket in (merged, *gone.followers) if ticket != into and ticket not in survivor.followers]
    survivor.followers = [*survivor.followers, *new]


def notice_id(event: str, audience: str, follower: str = "") -> str:
    """It follows from event and recipient: told once, however often the event comes. It is the idempotency key, too."""
    whole = "-".join(filter(None, (event, audience, follower)))
    return whole if len(whole) <= ID_LENGTH else f"{event[:36]}-{sha256(whole.encode()).hexdigest()[:40]}"


def _known(ticket: str, work: Work) -> Contact:
    contact = work.find(Contact, ticket)
    if contact is None or not contact.contact_known:
        raise ContactUnknown("contact: not recorded yet")
    return contact


def _tell_resident(telling: Telling, event: Event, work: Work, contact: Contact, config: Configured) -> None:
    if contact.phone:
        _write(telling, event, work, contact, config)


def _write(telling: Telling, event: Event, work: Work, contact: Contact, config: Configured) -> None:
    rule, templates = telling.rule, config.templates
    resident = telling.audience == RESIDENT
    route = config.channels.routes.of(telling.audience)
    asked = (contact.locale if resident else None) or route.locale
    values = {"ticket": contact.id, **{name: event.data.get(name) for name in rule.values}}
    if rule.matter:
        if contact.text is None:
            raise MatterUnknown("matter: not described yet")
        values |= {"matter": contact.text, "address": contact.address or "-"}
    if rule.link:
        token = contact.links.get(rule.link.value)
        values["link"] = config.channels.link_to(contact.id, rule.link.value, token) if token else "-"
    locale = templates.locale(telling.template, asked)
    text = templates.render(telling.template, locale, values)
    if rule.bilingual and locale != templates.fallback:
        text += "\n" + templates.render(telling.template, templates.fallback, values)
    work.add(
        Notice(
            id=notice_id(event.id, telling.audience, contact.id if contact.id != event.subject else ""),
            ticket=contact.id,
            audience=telling.audience,
            template=telling.template,
            locale=locale,
            text=text,
            asked=asked,
            channel=route.channel,
            address=contact.phone if resident else route.address,
            next_at=machine_now(),
        )
    )
