"""The tickets service: its event handlers and timers."""

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.runtime.providers import BusinessClockProvider, ConfigProvider
from chassis.timers import TimerFired
from contracts.codes import Purpose
from contracts.envelope import Event
from contracts.events import dispatch, intake
from services.tickets import store, ticket_units
from services.tickets.api import TicketsApi
from services.tickets.config import read_config
from services.tickets.desk_api import DeskApi
from services.tickets.domain import operator_commands
from services.tickets.domain.ticket import COMPARE, REVIEW, REVISIT, WATCHDOG, Ticket
from services.tickets.domain.whistle import ticket_id
from services.tickets.duplicates import compare_with_others
from services.tickets.intake import channel_errors, open_ticket
from services.tickets.metrics import MetricsProvider
from services.tickets.open311_api import Open311Api
from services.tickets.photographs.provider import PhotographsProvider
from services.tickets.photographs_api import PhotographsApi
from services.tickets.resident_requests import LINK_FOR, make_request


class TicketsService(TicketsApi, DeskApi, PhotographsApi, Open311Api):
    """The tickets service owns the matter and never assigns work. Its HTTP operations are `TicketsApi`, `DeskApi`,
    `PhotographsApi` and, by GeoReport, `Open311Api`.
    """

    name = "tickets"
    config = ConfigProvider(read_config)
    clock = BusinessClockProvider()
    metrics = MetricsProvider()
    photographs = PhotographsProvider()

    # --- intake

    @on(intake.WhistleBlown)
    def take_whistle(self, event: Event[intake.WhistleBlown], ctx: HandlerContext) -> None:
        """Open a ticket for a whistle; the same producer id is one ticket, whichever way it came."""
        who = ctx.commander()
        if "producer" not in who.roles:
            raise Refused(f"sender: account {who.id!r} lacks the role 'producer'")
        if foreign := channel_errors(who, event.payload.channel):
            raise Refused(foreign)
        open_ticket(ticket_id(event.source, event.id), event.source, event.id, event.payload, ctx, self.config)

    @on(intake.RequestMade)
    def take_request(self, event: Event[intake.RequestMade], ctx: HandlerContext) -> None:
        """Apply a resident's request. Consent to a mediation, and its withdrawal, are for dispatch, which receives them too."""
        if event.payload.request in LINK_FOR:
            make_request(event.subject, event.payload, ctx, self.config)

    # --- the chain

    @on(dispatch.CaseStarted)
    def take_case_started(self, event: Event[dispatch.CaseStarted], ctx: HandlerContext) -> None:
        """Set the ticket to handling."""
        ctx.apply(ctx.load(Ticket, event.subject).case_started(event.payload.level))

    @on(dispatch.CaseCompleted)
    def take_case_completed(self, event: Event[dispatch.CaseCompleted], ctx: HandlerContext) -> None:
        """Set the ticket to handled."""
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        ctx.apply(ticket.case_completed(said.generation, said.handled_by, said.level))

    @on(dispatch.AssignmentMade)
    def take_assignment(self, event: Event[dispatch.AssignmentMade], ctx: HandlerContext) -> None:
        """Set the ticket to verifying for an assignment of a verifier; otherwise the work has begun, or begun again.

        The unit may read the private part of the ticket from now on.
        """
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        ticket_units.begin(ctx.connection, said.assignment, ticket.id, said.to, said.purpose)
        if said.purpose is Purpose.VERIFY:
            ctx.apply(ticket.verification_assigned(said.generation))
        else:
            ctx.apply(ticket.work_assigned(said.generation, said.level))

    @on(dispatch.AssignmentRelieved, dispatch.AssignmentReturned)
    def take_relieved(
        self, event: Event[dispatch.AssignmentRelieved | dispatch.AssignmentReturned], ctx: HandlerContext
    ) -> None:
        """Let the unit no longer read the private part of the ticket by this assignment."""
        ticket_units.end(ctx.connection, event.payload.assignment, event.subject, event.payload.by, ctx.now)

    @on(dispatch.JointActionUnitExcused)
    def take_excused(self, event: Event[dispatch.JointActionUnitExcused], ctx: HandlerContext) -> None:
        """Let the excused unit no longer read the private part of the ticket by what it was called to."""
        ticket_units.end_all(ctx.connection, event.subject, event.payload.unit, ctx.now)

    @on(dispatch.CaseRerouted)
    def take_rerouted(self, event: Event[dispatch.CaseRerouted], ctx: HandlerContext) -> None:
        """Take over the new level. Without a playbook for the new category the watchdog goes on."""
        if event.payload.level:
            ticket = ctx.load(Ticket, event.subject)
            ctx.apply(ticket.work_assigned(event.payload.generation, event.payload.level))

    @on(dispatch.VerificationDone)
    def take_verification(self, event: Event[dispatch.VerificationDone], ctx: HandlerContext) -> None:
        """Ask the resident, or order rework."""
        ticket, said = ctx.load(Ticket, event.subject), event.payload
        ctx.apply(ticket.verification_done(said.generation, said.by, said.passed, self.config.rules, ctx.now))

    # --- what may be whistled about

    @on(dispatch.AreaRegistered)
    def take_area(self, event: Event[dispatch.AreaRegistered], ctx: HandlerContext) -> None:
        """Accept whistles from an area from now on."""
        row = {"code": event.subject, "kind": event.payload.kind.value, "parent": event.payload.parent}
        store.register(ctx.connection, store.areas, {**row, "sequence": event.sequence or 0})

    @on(dispatch.CategoryRegistered)
    def take_category(self, event: Event[dispatch.CategoryRegistered], ctx: HandlerContext) -> None:
        """Accept whistles of a category from now on."""
        row = {"code": event.subject, "urgency": event.payload.urgency.value, "dispute": event.payload.dispute}
        store.register(ctx.connection, store.categories, {**row, "sequence": event.sequence or 0})

    # --- clocks

    @on_timer(WATCHDOG)
    def ring_watchdog(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Publish that no case was started in time."""
        ctx.apply(ctx.load(Ticket, timer.subject).unattended(timer.generation, self.config.rules, ctx.now))

    @on_timer(REVISIT)
    def ring_revisit(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Close a ticket whose resident did not answer."""
        ctx.apply(ctx.load(Ticket, timer.subject).revisit_lapsed(timer.generation, ctx.now))

    @on_timer(REVIEW)
    def ring_review(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Review a parked ticket."""
        ctx.apply(operator_commands.review(ctx.load(Ticket, timer.subject), self.config.rules, ctx.now))

    @on_timer(COMPARE)
    def ring_compare(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Compare a new ticket with others; by now the ones opened beside it are committed, too."""
        compare_with_others(timer.subject, self.config.rules, ctx)
