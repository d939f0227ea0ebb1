"""The notify service: all that comes in. Who is told what stands in `domain/rules.py`, how it is sent in `delivery.py`."""

from functools import partial

from chassis.handler_context import HandlerContext
from chassis.persistence import machine_now
from chassis.runtime.nameko import on, on_timer
from chassis.timers import TimerFired
from contracts.envelope import Event
from contracts.events import dispatch, tickets
from services.notify import cancelling, store, telling
from services.notify.api import NotifyApi
from services.notify.config import Config
from services.notify.delivery import Delivery
from services.notify.domain.notice import QUIET, Notice
from services.notify.domain.obsolescence import SUPERSEDING
from services.notify.domain.rules import RULES, URGENT
from services.notify.metrics import Metrics


class NotifyService(NotifyApi):
    """Owns telling people; never changes a ticket. What comes in over HTTP is `NotifyApi`."""

    name = "notify"
    config = Config()
    delivery = Delivery()
    metrics = Metrics()

    # --- whom and what

    @on(tickets.ContactRecorded)
    def take_contact(self, event: Event[tickets.ContactRecorded], ctx: HandlerContext) -> None:
        """From now on the reporter, and the respondent where one is named, can be told; a merged one follows the survivor."""
        contact = telling.contact_of(event.subject, ctx)
        contact.recorded(event.payload, event.sequence or 0)
        if contact.follows:
            telling.contact_of(contact.follows, ctx).followed_by(contact.id)

    @on(tickets.MatterDescribed)
    def take_matter(self, event: Event[tickets.MatterDescribed], ctx: HandlerContext) -> None:
        """From now on responders can be told what it is about."""
        contact = telling.contact_of(event.subject, ctx)
        contact.text, contact.address = event.payload.text, event.payload.address

    # --- telling

    def tell(self, event: Event, ctx: HandlerContext) -> None:
        """Write a notice for everybody who is to be told of the event; what it makes pointless is cancelled."""
        written = telling.tell(event, ctx, self.config)
        cancelling.settle(event, written, ctx, self.delivery)
        ctx.after_commit(partial(self.delivery.written, written))

    for _schema in dict.fromkeys((*(rule.event for rule in RULES), *SUPERSEDING)):
        if _schema not in {tickets.TicketOpened, tickets.TicketMerged, tickets.TicketUnmerged}:
            on(_schema)(tell)

    @on(dispatch.ResponderRetired)
    def take_retired(self, event: Event[dispatch.ResponderRetired], ctx: HandlerContext) -> None:
        """Who has left is asked for nothing any more."""
        cancelling.retire(event, ctx, self.delivery)

    @on(tickets.TicketOpened)
    def take_opened(self, event: Event[tickets.TicketOpened], ctx: HandlerContext) -> None:
        """How urgent its notices are."""
        telling.contact_of(event.subject, ctx).is_urgent(event.payload.urgency)
        self.tell(event, ctx)

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event[tickets.TicketUrgencyRaised], ctx: HandlerContext) -> None:
        """What was held until the morning goes out now, if it is that urgent."""
        telling.contact_of(event.subject, ctx).is_urgent(event.payload.urgency)
        if event.payload.urgency in URGENT:
            for notice in store.waiting(ctx.connection, origin=event.subject):
                ctx.load(Notice, notice).hasten(machine_now())

    @on(tickets.TicketMerged)
    def take_merged(self, event: Event[tickets.TicketMerged], ctx: HandlerContext) -> None:
        """The merged ticket's reporter, and whoever follows it, follow the survivor."""
        self.tell(event, ctx)
        merged = telling.contact_of(event.subject, ctx)
        generation = event.payload.generation or 0
        if generation < merged.unmerged:
            return
        merged.merged = generation
        telling.contact_of(event.payload.into, ctx).followed_by(merged.id, *merged.followers)

    @on(tickets.TicketUnmerged)
    def take_unmerged(self, event: Event[tickets.TicketUnmerged], ctx: HandlerContext) -> None:
        """The ticket's reporter, and whoever follows it, no longer follow the survivor."""
        self.tell(event, ctx)
        ticket = telling.contact_of(event.subject, ctx)
        ticket.unmerged = max(ticket.unmerged, event.payload.generation)
        telling.contact_of(event.payload.survivor, ctx).left_by(ticket.id, *ticket.followers)

    # --- waiting

    @on_timer(QUIET)
    def ring_quiet(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """The quiet hours are over."""
        ctx.load(Notice, timer.subject).release(machine_now())
