"""The notify service: all that comes in. Who is told what stands in `domain/rules.py`, how it is sent in `delivery.py`."""

from chassis.nameko import on
from chassis.work import Work
from contracts.envelope import Event
from contracts.events import tickets
from contracts.topology import SUBSCRIPTIONS
from services.notify import telling
from services.notify.api import NotifyApi
from services.notify.config import Config
from services.notify.delivery import Delivery


class NotifyService(NotifyApi):
    """Owns telling people; never changes a ticket. What comes in over HTTP is `NotifyApi`."""

    name = "notify"
    config = Config()
    delivery = Delivery()

    # --- whom and what

    @on(tickets.ContactRecorded)
    def take_contact(self, event: Event, work: Work) -> None:
        """From now on the reporter can be told."""
        contact, data = telling.contact_of(event.subject, work), event.data
        contact.name, contact.phone, contact.locale = data.get("name"), data.get("phone"), data.get("locale")
        contact.links = {purpose: token for purpose, token in (data.get("links") or {}).items() if token}
        contact.contact_known = True

    @on(tickets.MatterDescribed)
    def take_matter(self, event: Event, work: Work) -> None:
        """From now on responders can be told what it is about."""
        contact = telling.contact_of(event.subject, work)
        contact.text, contact.address = event.data["text"], event.data.get("address")

    # --- telling

    def tell(self, event: Event, work: Work) -> None:
        """Write a notice for everybody who is to be told of the event."""
        telling.tell(event, work, self.config)
        if event.type == tickets.TicketMerged.type:
            telling.follow(event.subject, event.data["into"], work)

    for _schema in SUBSCRIPTIONS["notify"]:
        if not _schema.private:
            on(_schema)(tell)
