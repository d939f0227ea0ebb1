"""The notify service: its event handlers and timers.

The recipients of an event are in `domain/notice_rules.py`, delivery is in `delivery.py`.
"""

from functools import partial

from chassis.handler_context import HandlerContext
from chassis.persistence import machine_now
from chassis.runtime.nameko import on, on_timer
from chassis.runtime.providers import ConfigProvider
from chassis.timers import TimerFired
from contracts.envelope import Event
from contracts.events import dispatch, tickets
from services.notify import cancellation, notice_factory, store
from services.notify.api import NotifyApi
from services.notify.config import read_config
from services.notify.delivery import DeliveryWorkers
from services.notify.domain.notice import QUIET, Notice
from services.notify.domain.notice_rules import RULES
from services.notify.domain.quiet_hours import URGENT
from services.notify.domain.superseder_search import SUPERSEDING
from services.notify.metrics import MetricsProvider


class NotifyService(NotifyApi):
    """The notify service tells people, and never changes a ticket. Its HTTP operations are `NotifyApi`."""

    name = "notify"
    config = ConfigProvider(read_config)
    delivery_metrics = DeliveryWorkers(read_config)
    metrics = MetricsProvider()

    # --- whom and what

    @on(tickets.ContactRecorded)
    def take_contact(self, event: Event[tickets.ContactRecorded], ctx: HandlerContext) -> None:
        """Keep a ticket's contact: the reporter, the respondent, and the survivor that a merged ticket follows."""
        contact = notice_factory.contact_for(event.subject, ctx)
        contact.recorded(event.payload, event.sequence or 0)
        if contact.follows:
            notice_factory.contact_for(contact.follows, ctx).add_followers(contact.id)

    @on(tickets.MatterDescribed)
    def take_matter(self, event: Event[tickets.MatterDescribed], ctx: HandlerContext) -> None:
        """Keep the matter and the address, so that responders can be told."""
        contact = notice_factory.contact_for(event.subject, ctx)
        contact.text, contact.address = event.payload.text, event.payload.address

    # --- telling

    def tell(self, event: Event, ctx: HandlerContext) -> None:
        """Write the notices of an event, and cancel those that it makes obsolete."""
        written = notice_factory.write_notices(event, ctx, self.config)
        cancellation.cancel_obsolete(event, written, ctx, self.delivery_metrics)
        ctx.after_commit(partial(self.delivery_metrics.written, written))

    for _schema in dict.fromkeys((*(rule.event for rule in RULES), *SUPERSEDING)):
        if _schema not in {tickets.TicketOpened, tickets.TicketMerged, tickets.TicketUnmerged}:
            on(_schema)(tell)

    @on(dispatch.ResponderRetired)
    def take_retired(self, event: Event[dispatch.ResponderRetired], ctx: HandlerContext) -> None:
        """Cancel the work notices of a responder that has left."""
        cancellation.cancel_for_retired(event, ctx, self.delivery_metrics)

    @on(tickets.TicketOpened)
    def take_opened(self, event: Event[tickets.TicketOpened], ctx: HandlerContext) -> None:
        """Keep the ticket's urgency, and write its notices."""
        notice_factory.contact_for(event.subject, ctx).raise_urgency(event.payload.urgency)
        self.tell(event, ctx)

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event[tickets.TicketUrgencyRaised], ctx: HandlerContext) -> None:
        """Keep the raised urgency, and release held notices if it is that urgent."""
        notice_factory.contact_for(event.subject, ctx).raise_urgency(event.payload.urgency)
        if event.payload.urgency in URGENT:
            for notice in store.waiting_ids(ctx.connection, origin=event.subject):
                ctx.load(Notice, notice).make_urgent(machine_now())

    @on(tickets.TicketMerged)
    def take_merged(self, event: Event[tickets.TicketMerged], ctx: HandlerContext) -> None:
        """Let the merged ticket's reporter, and its followers, follow the survivor."""
        self.tell(event, ctx)
        merged = notice_factory.contact_for(event.subject, ctx)
        generation = event.payload.generation or 0
        if generation < merged.unmerged:
            return
        merged.merged = generation
        notice_factory.contact_for(event.payload.into, ctx).add_followers(merged.id, *merged.followers)

    @on(tickets.TicketUnmerged)
    def take_unmerged(self, event: Event[tickets.TicketUnmerged], ctx: HandlerContext) -> None:
        """Let the ticket's reporter, and its followers, no longer follow the survivor."""
        self.tell(event, ctx)
        ticket = notice_factory.contact_for(event.subject, ctx)
        ticket.unmerged = max(ticket.unmerged, event.payload.generation)
        notice_factory.contact_for(event.payload.survivor, ctx).remove_followers(ticket.id, *ticket.followers)

    # --- waiting

    @on_timer(QUIET)
    def ring_quiet(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Release a notice at the end of the quiet hours."""
        ctx.load(Notice, timer.subject).release(machine_now())
