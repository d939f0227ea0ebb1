"""The notify service: all that comes in. Who is told what stands in `domain/rules.py`, how it is sent in `delivery.py`."""

from hashlib import sha256

from chassis.nameko import on
from chassis.outcome import TooEarly
from chassis.store import machine_now
from chassis.work import Work
from contracts.envelope import Event
from contracts.events import tickets
from contracts.topology import SUBSCRIPTIONS
from services.notify.api import NotifyApi
from services.notify.config import Config
from services.notify.delivery import Delivery
from services.notify.domain.notice import Notice
from services.notify.domain.rules import RESIDENT, Telling, tellings
from services.notify.store import Contact

ID_LENGTH = 80


class ContactUnknown(TooEarly):
    """The ticket's contact travels on another queue and has not arrived yet."""


class MatterUnknown(TooEarly):
    """What the ticket is about travels on another queue and has not arrived yet."""


class NotifyService(NotifyApi):
    """Owns telling people; never changes a ticket. What comes in over HTTP is `NotifyApi`."""

    name = "notify"
    config = Config()
    delivery = Delivery()

    # --- whom and what

    @on(tickets.ContactRecorded)
    def take_contact(self, event: Event, work: Work) -> None:
        """From now on the reporter can be told."""
        contact, data = _contact(event.subject, work), event.data
        contact.name, contact.phone, contact.locale = data.get("name"), data.get("phone"), data.get("locale")
        contact.links = {purpose: token for purpose, token in (data.get("links") or {}).items() if token}
        contact.contact_known = True

    @on(tickets.MatterDescribed)
    def take_matter(self, event: Event, work: Work) -> None:
        """From now on responders can be told what it is about."""
        contact = _contact(event.subject, work)
        contact.text, contact.address = event.data["text"], event.data.get("address")

    # --- telling

    def tell(self, event: Event, work: Work) -> None:
        """Write a notice for everybody who is to be told of the event."""
        for telling in tellings(event.type, event.data):
            if telling.audience != RESIDENT:
                self._tell(telling, event, work, _contact(event.subject, work))
                continue
            contact = _known(event.subject, work)
            self._tell_resident(telling, event, work, contact)
            for ticket in contact.followers if telling.rule.followers else ():
                self._tell_resident(telling, event, work, _known(ticket, work))
        if event.type == tickets.TicketMerged.type:
            _follow(event.subject, event.data["into"], work)

    for _schema in SUBSCRIPTIONS["notify"]:
        if not _schema.private:
            on(_schema)(tell)

    # --- within

    def _tell_resident(self, telling: Telling, event: Event, work: Work, contact: Contact) -> None:
        if contact.phone:
            self._tell(telling, event, work, contact)

    def _tell(self, telling: Telling, event: Event, work: Work, contact: Contact) -> None:
        rule, templates = telling.rule, self.config.templates
        resident = telling.audience == RESIDENT
        route = self.config.channels.routes.of(telling.audience)
        asked = (contact.locale if resident else None) or route.locale
        values = {"ticket": contact.id, **{name: event.data.get(name) for name in rule.values}}
        if rule.matter:
            if contact.text is None:
                raise MatterUnknown("matter: not described yet")
            values |= {"matter": contact.text, "address": contact.address or "-"}
        if rule.link:
            token = contact.links.get(rule.link.value)
            values["link"] = self.config.channels.link_to(contact.id, rule.link.value, token) if token else "-"
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


def notice_id(event: str, audience: str, follower: str = "") -> str:
    """It follows from event and recipient: told once, however often the event comes. It is the idempotency key, too."""
    whole = "-".join(filter(None, (event, audience, follower)))
    return whole if len(whole) <= ID_LENGTH else f"{event[:36]}-{sha256(whole.encode()).hexdigest()[:40]}"


def _contact(ticket: str, work: Work) -> Contact:
    contact = work.find(Contact, ticket)
    if contact is None:
        contact = Contact(ticket)
        work.add(contact)
    return contact


def _known(ticket: str, work: Work) -> Contact:
    contact = work.find(Contact, ticket)
    if contact is None or not contact.contact_known:
        raise ContactUnknown("contact: not recorded yet")
    return contact


def _follow(merged: str, into: str, work: Work) -> None:
    """The merged ticket's reporter, and whoever follows it, follow the survivor."""
    survivor, gone = _contact(into, work), _contact(merged, work)
    new = [ticket for ticket in (merged, *gone.followers) if ticket != into and ticket not in survivor.followers]
    survivor.followers = [*survivor.followers, *new]
