"""The entrypoints of dispatch: each event or timer, and the domain function that takes it."""

from dataclasses import replace

from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.runtime.providers import BusinessClockProvider, ConfigProvider
from chassis.timers import TimerFired
from contracts.codes import Clock
from contracts.envelope import Event
from contracts.events import intake, tickets
from services.dispatch import adopted_calendar
from services.dispatch.api import DispatchApi
from services.dispatch.case_effects import apply
from services.dispatch.config import read_config
from services.dispatch.directory_cache import DirectoryCacheProvider
from services.dispatch.domain import pauses, rerouting, responder_departure, ticket_reactions
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.playbook import choose
from services.dispatch.domain.responses import timer_handlers
from services.dispatch.due_time_recompute import DueTimeRecompute
from services.dispatch.metrics import Metrics
from services.dispatch.query_api import DispatchQueries
from services.dispatch.report_handler import file_report, make_request, refusal


class DispatchService(DispatchApi, DispatchQueries):
    """The dispatch service. Its HTTP operations are those of `DispatchApi` and `DispatchQueries`."""

    name = "dispatch"
    config = ConfigProvider(read_config)
    clock = BusinessClockProvider()
    directory = DirectoryCacheProvider()
    recomputing = DueTimeRecompute(read_config)
    metrics = Metrics()

    # --- the chain

    @on(tickets.TicketOpened)
    def take_opened(self, event: Event[tickets.TicketOpened], ctx: HandlerContext) -> None:
        """Start a case by the playbook that takes the category."""
        said = event.payload
        if ctx.find(Case, event.subject) is not None:
            return
        case = Case(
            id=event.subject,
            category=said.category,
            area=said.area,
            estate=said.estate,
            urgency=said.urgency,
            dispute=said.dispute,
            opened_at=said.opened_at,
            playbook=choose(self.config.playbooks, said.category),
        )
        ctx.add(case)
        apply(case, ticket_reactions.opened(case, self.context(ctx)), ctx)

    @on(tickets.TicketHandled)
    def take_handled(self, event: Event[tickets.TicketHandled], ctx: HandlerContext) -> None:
        """Ask somebody to verify who did not handle it."""
        case, said = ctx.load(Case, event.subject), event.payload
        apply(case, ticket_reactions.handled(case, said.generation, said.handled_by, self.context(ctx)), ctx)

    @on(tickets.TicketReworkOrdered, tickets.TicketReopened)
    def take_again(self, event: Event[tickets.TicketReworkOrdered | tickets.TicketReopened], ctx: HandlerContext) -> None:
        """Go on at the level that ended it."""
        case = ctx.load(Case, event.subject)
        apply(case, ticket_reactions.again(case, event.payload.generation, self.context(ctx)), ctx)

    @on(tickets.TicketUnmerged)
    def take_unmerged(self, event: Event[tickets.TicketUnmerged], ctx: HandlerContext) -> None:
        """Take a merged ticket's case up again."""
        case = ctx.load(Case, event.subject)
        apply(case, ticket_reactions.unmerged(case, event.payload.generation, self.context(ctx)), ctx)

    @on(tickets.TicketRejected, tickets.TicketMerged, tickets.TicketCancelled)
    def take_withdrawn(
        self, event: Event[tickets.TicketRejected | tickets.TicketMerged | tickets.TicketCancelled], ctx: HandlerContext
    ) -> None:
        """Withdraw the case and relieve those at work."""
        cause = event.type.split(".")[1]
        case = ctx.load(Case, event.subject)
        generation = event.payload.generation if isinstance(event.payload, tickets.TicketMerged) else None
        apply(case, ticket_reactions.withdrawn(case, cause, generation), ctx)

    @on(tickets.TicketParked)
    def take_parked(self, event: Event[tickets.TicketParked], ctx: HandlerContext) -> None:
        """Let the clocks stand still."""
        case = ctx.load(Case, event.subject)
        apply(case, pauses.parked(case, event.payload.review_at, self.context(ctx)), ctx)

    @on(tickets.TicketResumed)
    def take_resumed(self, event: Event[tickets.TicketResumed], ctx: HandlerContext) -> None:
        """Let the clocks go on."""
        case = ctx.load(Case, event.subject)
        apply(case, pauses.resume(case, self.context(ctx)), ctx)

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event[tickets.TicketUrgencyRaised], ctx: HandlerContext) -> None:
        """Compute the clocks by the new urgency, from their old start."""
        case = ctx.load(Case, event.subject)
        apply(case, ticket_reactions.urgency_raised(case, event.payload.urgency, self.context(ctx)), ctx)

    @on(tickets.TicketCategoryChanged, tickets.TicketCategoryChangedV1)
    def take_category(
        self, event: Event[tickets.TicketCategoryChanged | tickets.TicketCategoryChangedV1], ctx: HandlerContext
    ) -> None:
        """Route the case by the new category's playbook."""
        case, said = ctx.load(Case, event.subject), event.payload
        playbook = choose(self.config.playbooks, said.category)
        change = rerouting.Change(said.category, said.dispute, said.generation, playbook)
        apply(case, rerouting.category_changed(case, change, self.context(ctx)), ctx)

    # --- responders and residents

    @on(intake.ReportFiled)
    def take_report(self, event: Event[intake.ReportFiled], ctx: HandlerContext) -> None:
        """Carry out a responder's command over AMQP. One that comes too late is answered by an event, since nobody waits."""
        try:
            file_report(event.subject, event.payload, ctx, self.context(ctx))
        except TooLate as late:
            ctx.apply(refusal(event.subject, event.payload, ctx.commander().id, late))

    @on(intake.RequestMade)
    def take_request(self, event: Event[intake.RequestMade], ctx: HandlerContext) -> None:
        """Carry out a party's request about a mediation; tickets takes all other requests."""
        make_request(event.subject, event.payload, ctx, self.context(ctx), self.config.links)

    # --- clocks

    @on_timer(Clock.CONTACT)
    @on_timer(Clock.HANDLE)
    @on_timer(Clock.SIGN)
    @on_timer(Clock.REPORT_IN)
    @on_timer(Clock.HANDLE_WITHIN)
    @on_timer(Clock.VERIFY)
    def ring_clock(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Advance a clock whose next stage came."""
        case = ctx.load(Case, timer.subject)
        counts = adopted_calendar.counts(ctx.connection, self.config.calendar.version)
        context = replace(self.context(ctx), calendar_counts=counts)
        apply(case, ticket_reactions.rang(case, timer.name, timer.generation, context), ctx)

    @on_timer(pauses.REVIEW)
    def ring_review(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """End a supervisor's pause at its review date."""
        case = ctx.load(Case, timer.subject)
        apply(case, pauses.review(case, timer.generation, self.context(ctx)), ctx)

    def ring_response(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Pass a timer to the response that armed it."""
        case = ctx.load(Case, timer.subject)
        take = timer_handlers()[timer.kind]
        apply(case, take(case, timer.detail, timer.generation, self.context(ctx)), ctx)

    for _kind in timer_handlers():
        ring_response = on_timer(_kind)(ring_response)

    @on_timer(responder_departure.GONE)
    def ring_gone(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Hand on the work of a responder that left the directory."""
        case = ctx.load(Case, timer.subject)
        apply(case, responder_departure.leave(case, timer.detail, self.context(ctx)), ctx)

    # --- within

    def context(self, ctx: HandlerContext) -> CaseContext:
        """Return the context of a case at this moment."""
        known = ctx.memoize("directory", lambda: self.directory.of(ctx.connection))
        return CaseContext(known, self.config.calendar, self.config.standards, ctx.now, self.config.police_matters)
