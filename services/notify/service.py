"""The notify service: all that comes in, and who is told."""

import logging

from chassis.nameko import on, on_timer
from chassis.outcome import TooEarly
from chassis.timers import Ringing
from chassis.work import Work
from contracts.envelope import Event
from contracts.events import dispatch, tickets
from services.notify.api import NotifyApi
from services.notify.config import NoticeTemplates
from services.notify.domain.notice import DELIVER, RESIDENT, Notice
from services.notify.store import Contact

log = logging.getLogger(__name__)
LOG_CHANNEL = "log"


class ContactUnknown(TooEarly):
    """The ticket's contact travels on another queue and has not arrived yet."""


class NotifyService(NotifyApi):
    """Owns telling people; never changes a ticket. What comes in over HTTP is `NotifyApi`."""

    name = "notify"
    templates = NoticeTemplates()

    # --- whom and what

    @on(tickets.ContactRecorded)
    def take_contact(self, event: Event, work: Work) -> None:
        """From now on the reporter can be told."""
        contact, data = self._contact(event.subject, work), event.data
        contact.name, contact.phone, contact.locale = data.get("name"), data.get("phone"), data.get("locale")
        contact.rate_link, contact.contact_known = data.get("rate_link"), True

    @on(tickets.MatterDescribed)
    def take_matter(self, event: Event, work: Work) -> None:
        """From now on responders can be told what it is about."""
        self._contact(event.subject, work).text = event.data["text"]

    # --- telling

    @on(tickets.TicketOpened)
    def tell_opened(self, event: Event, work: Work) -> None:
        """The resident: we have it."""
        self._tell_resident("ticket_opened", event, work)

    @on(tickets.TicketVerified)
    def tell_verified(self, event: Event, work: Work) -> None:
        """The resident: is it solved?"""
        self._tell_resident("ticket_verified", event, work)

    @on(tickets.TicketClosed)
    def tell_closed(self, event: Event, work: Work) -> None:
        """The resident: it is closed."""
        self._tell_resident("ticket_closed", event, work)

    @on(tickets.TicketUnattended)
    def tell_unattended(self, event: Event, work: Work) -> None:
        """Those on duty: nobody took it up."""
        self._tell("ticket_unattended", "duty", None, event, work)

    @on(dispatch.AssignmentMade)
    def tell_assigned(self, event: Event, work: Work) -> None:
        """The responder: it is yours."""
        self._tell("assignment_made", event.data["to"], None, event, work)

    @on(dispatch.CaseExhausted)
    def tell_exhausted(self, event: Event, work: Work) -> None:
        """The supervisor, or those on duty: the ladder ended."""
        self._tell("case_exhausted", event.data.get("supervisor") or "duty", None, event, work)

    # --- delivering

    @on_timer(DELIVER)
    def ring_deliver(self, ringing: Ringing, work: Work) -> None:
        """Hand a notice to its channel: for now the log, which takes only its ids."""
        notice = work.load(Notice, ringing.subject)
        ids = {"notice": notice.id, "ticket": notice.ticket, "template": notice.template, "audience": notice.audience}
        log.info("notice", extra=ids)
        work.for_subject(notice.ticket).apply(notice.delivered(LOG_CHANNEL))

    # --- within

    def _tell_resident(self, template: str, event: Event, work: Work) -> None:
        contact = work.find(Contact, event.subject)
        if contact is None or not contact.contact_known:
            raise ContactUnknown("contact: not recorded yet")
        if contact.phone:
            self._tell(template, RESIDENT, contact, event, work)

    def _tell(self, template: str, audience: str, contact: Contact | None, event: Event, work: Work) -> None:
        values = {"ticket": event.subject, "link": (contact.rate_link if contact else None) or ""}
        text, locale = self.templates.render(template, contact.locale if contact else None, values)
        # the event's id makes the notice's: told once, however often the event comes
        notice = Notice(f"{event.id}-{audience}"[:80], event.subject, audience, template, locale, text)
        work.add(notice)
        work.apply(notice.due(work.now))

    @staticmethod
    def _contact(ticket: str, work: Work) -> Contact:
        contact = work.find(Contact, ticket)
        if contact is None:
            contact = Contact(ticket)
            work.add(contact)
        return contact
