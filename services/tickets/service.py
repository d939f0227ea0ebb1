"""The tickets service: all that comes in, and which rule takes it."""

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.timers import TimerFired
from contracts.codes import Purpose
from contracts.envelope import Event
from contracts.events import dispatch, intake
from services.tickets import store
from services.tickets.api import TicketsApi
from services.tickets.comparison import compare
from services.tickets.config import Clock, Config
from services.tickets.domain import desk
from services.tickets.domain.ticket import COMPARE, REVIEW, REVISIT, WATCHDOG, Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.intake import foreign_channel, open_ticket
from services.tickets.metrics import Metrics
from services.tickets.open311.api import Open311Api
from services.tickets.requests import LINK_FOR, make_request


class TicketsService(TicketsApi, Open311Api):
    """Owns the matter; never decides who works on it. Over HTTP comes in `TicketsApi` and, by GeoReport, `Open311Api`."""

    name = "tickets"
    config = Config()
    clock = Clock()
    metrics = Metrics()

    # --- intake

    @on(intake.WhistleBlown)
    def take_whistle(self, event: Event[intake.WhistleBlown], ctx: HandlerContext) -> None:
        """The same producer id twice is one ticket, whichever way it came."""
        who = ctx.commander()
        if "producer" not in who.roles:
            raise Refused(f"sender: account {who.id!r} lacks the role 'producer'")
        if foreign := foreign_channel(who, event.payload.channel):
            raise Refused(foreign)
        open_ticket(ticket_id(event.source, event.id), event.source, event.id, event.payload, ctx, self.config)

    @on(intake.RequestMade)
    def take_request(self, event: Event[intake.RequestMade], ctx: HandlerContext) -> None:
        """A resident's wish. Consent to a mediation, and its withdrawal, are for dispatch, which hears them too."""
        if event.payload.request in LINK_FOR:
            make_request(event.subject, event.payload, ctx, self.config)

    # --- the chain

    @on(dispatch.CaseStarted)
    def take_case_started(self, event: Event[dispatch.CaseStarted], ctx: HandlerContext) -> None:
        """Handling."""
        ctx.apply(ctx.load(Ticket, event.subject).case_started(event.payload.level))

    @on(dispatch.CaseCompleted)
    def take_case_completed(self, event: Event[dispatch.CaseCompleted], ctx: HandlerContext) -> None:
        """Handled."""
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        ctx.apply(ticket.case_completed(said.generation, said.handled_by, said.level))

    @on(dispatch.AssignmentMade)
    def take_assignment(self, event: Event[dispatch.AssignmentMade], ctx: HandlerContext) -> None:
        """Verifying, where the assignment is for that; otherwise the work has begun, or begun again."""
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        if said.purpose is Purpose.VERIFY:
            ctx.apply(ticket.verification_assigned(said.generation))
        else:
            ctx.apply(ticket.work_assigned(said.generation, said.level))

    @on(dispatch.CaseRerouted)
    def take_rerouted(self, event: Event[dispatch.CaseRerouted], ctx: HandlerContext) -> None:
        """Dispatch routes the ticket by its new category; without a playbook the watchdog goes on waiting."""
        if event.payload.level:
            ticket = ctx.load(Ticket, event.subject)
            ctx.apply(ticket.work_assigned(event.payload.generation, event.payload.level))

    @on(dispatch.VerificationDone)
    def take_verification(self, event: Event[dispatch.VerificationDone], ctx: HandlerContext) -> None:
        """Revisiting, or rework."""
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        ctx.apply(ticket.verification_done(said.generation, said.by, said.passed, self.config.rules, ctx.now))

    # --- what may be whistled about

    @on(dispatch.AreaRegistered)
    def take_area(self, event: Event[dispatch.AreaRegistered], ctx: HandlerContext) -> None:
        """Whistles from there are accepted from now on."""
        row = {"code": event.subject, "kind": event.payload.kind.value, "parent": event.payload.parent}
        store.register(ctx.connection, store.areas, {**row, "sequence": event.sequence or 0})

    @on(dispatch.CategoryRegistered)
    def take_category(self, event: Event[dispatch.CategoryRegistered], ctx: HandlerContext) -> None:
        """Whistles of this kind are accepted from now on."""
        row = {"code": event.subject, "urgency": event.payload.urgency.value, "dispute": event.payload.dispute}
        store.register(ctx.connection, store.categories, {**row, "sequence": event.sequence or 0})

    # --- clocks

    @on_timer(WATCHDOG)
    def ring_watchdog(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Nobody took the ticket up in time."""
        ctx.apply(ctx.load(Ticket, timer.subject).unattended(timer.generation, self.config.rules, ctx.now))

    @on_timer(REVISIT)
    def ring_revisit(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """The resident did not answer."""
        ctx.apply(ctx.load(Ticket, timer.subject).revisit_lapsed(timer.generation, ctx.now))

    @on_timer(REVIEW)
    def ring_review(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """A parked ticket is to be looked at again."""
        ctx.apply(desk.review(ctx.load(Ticket, timer.subject), self.config.rules, ctx.now))

    @on_timer(COMPARE)
    def ring_compare(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """A new ticket is in the store, and so is what was opened beside it: is it like another?"""
        compare(timer.subject, self.config.rules, ctx)
