"""The dispatch service: all that comes in, and which rule takes it."""

from dataclasses import replace

from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.timers import TimerFired
from contracts.codes import Clock
from contracts.envelope import Event
from contracts.events import intake, tickets
from services.dispatch import calendars
from services.dispatch.api import DispatchApi
from services.dispatch.applying import apply
from services.dispatch.config import BusinessTime, Config
from services.dispatch.domain import facts, leaving, pauses, performance, rerouting
from services.dispatch.domain.case import Case
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.playbook import choose
from services.dispatch.domain.world import World
from services.dispatch.kept import Kept
from services.dispatch.metrics import Metrics
from services.dispatch.recomputing import Recomputing
from services.dispatch.reports import file_report, make_request, refusal


class DispatchService(DispatchApi):
    """Owns who works on it and by when; never talks to people. What comes in over HTTP is `DispatchApi`."""

    name = "dispatch"
    config = Config()
    clock = BusinessTime()
    directory = Kept()
    recomputing = Recomputing()
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
        apply(case, facts.opened(case, self.world(ctx)), ctx)

    @on(tickets.TicketHandled)
    def take_handled(self, event: Event[tickets.TicketHandled], ctx: HandlerContext) -> None:
        """Ask somebody to verify who did not handle it."""
        case, said = ctx.load(Case, event.subject), event.payload
        apply(case, facts.handled(case, said.generation, said.handled_by, self.world(ctx)), ctx)

    @on(tickets.TicketReworkOrdered, tickets.TicketReopened)
    def take_again(self, event: Event[tickets.TicketReworkOrdered | tickets.TicketReopened], ctx: HandlerContext) -> None:
        """Go on at the level that ended it."""
        case = ctx.load(Case, event.subject)
        apply(case, facts.again(case, event.payload.generation, self.world(ctx)), ctx)

    @on(tickets.TicketUnmerged)
    def take_unmerged(self, event: Event[tickets.TicketUnmerged], ctx: HandlerContext) -> None:
        """Take a merged ticket's case up again."""
        case = ctx.load(Case, event.subject)
        apply(case, facts.unmerged(case, event.payload.generation, self.world(ctx)), ctx)

    @on(tickets.TicketRejected, tickets.TicketMerged, tickets.TicketCancelled)
    def take_withdrawn(
        self, event: Event[tickets.TicketRejected | tickets.TicketMerged | tickets.TicketCancelled], ctx: HandlerContext
    ) -> None:
        """Those at work are relieved."""
        cause = event.type.split(".")[1]
        case = ctx.load(Case, event.subject)
        generation = event.payload.generation if isinstance(event.payload, tickets.TicketMerged) else None
        apply(case, facts.withdrawn(case, cause, generation), ctx)

    @on(tickets.TicketParked)
    def take_parked(self, event: Event[tickets.TicketParked], ctx: HandlerContext) -> None:
        """The clocks stand still."""
        case = ctx.load(Case, event.subject)
        apply(case, pauses.parked(case, event.payload.review_at, self.world(ctx)), ctx)

    @on(tickets.TicketResumed)
    def take_resumed(self, event: Event[tickets.TicketResumed], ctx: HandlerContext) -> None:
        """The clocks go on."""
        case = ctx.load(Case, event.subject)
        apply(case, pauses.resume(case, self.world(ctx)), ctx)

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event[tickets.TicketUrgencyRaised], ctx: HandlerContext) -> None:
        """The clocks of the new urgency, from the old start."""
        case = ctx.load(Case, event.subject)
        apply(case, facts.urgency_raised(case, event.payload.urgency, self.world(ctx)), ctx)

    @on(tickets.TicketCategoryChanged)
    def take_category(self, event: Event[tickets.TicketCategoryChanged], ctx: HandlerContext) -> None:
        """Route the case by the new category's playbook."""
        case, said = ctx.load(Case, event.subject), event.payload
        playbook = choose(self.config.playbooks, said.category)
        change = rerouting.Change(said.category, said.dispute, said.generation, playbook)
        apply(case, rerouting.category_changed(case, change, self.world(ctx)), ctx)

    # --- responders and residents

    @on(intake.ReportFiled)
    def take_report(self, event: Event[intake.ReportFiled], ctx: HandlerContext) -> None:
        """A responder's command, over AMQP: who comes too late is told by an event, since nobody waits for an answer."""
        try:
            file_report(event.subject, event.payload, ctx, self.world(ctx))
        except TooLate as late:
            ctx.apply(refusal(event.subject, event.payload, ctx.commander().id, late))

    @on(intake.RequestMade)
    def take_request(self, event: Event[intake.RequestMade], ctx: HandlerContext) -> None:
        """A party consents to a mediation, or withdraws; what else is asked is the business of tickets."""
        make_request(event.subject, event.payload, ctx, self.world(ctx), self.config.links)

    # --- clocks

    @on_timer(Clock.CONTACT)
    @on_timer(Clock.HANDLE)
    @on_timer(Clock.SIGN)
    @on_timer(Clock.REPORT_IN)
    @on_timer(Clock.HANDLE_WITHIN)
    @on_timer(Clock.VERIFY)
    def ring_clock(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """A clock reached a mark."""
        case = ctx.load(Case, timer.subject)
        counts = calendars.counts(ctx.connection, self.config.calendar.version)
        world = replace(self.world(ctx), calendar_counts=counts)
        apply(case, facts.rang(case, timer.name, timer.generation, world), ctx)

    @on_timer(pauses.REVIEW)
    def ring_review(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """The review date of a supervisor's pause came."""
        case = ctx.load(Case, timer.subject)
        apply(case, pauses.review(case, timer.generation, self.world(ctx)), ctx)

    @on_timer(performance.PERFORMANCE)
    def ring_performance(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Nobody has said yet whether what was agreed was done."""
        case = ctx.load(Case, timer.subject)
        apply(case, performance.ask(case, timer.detail, timer.generation, self.world(ctx)), ctx)

    @on_timer(leaving.GONE)
    def ring_gone(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """A responder that the case counts on left the directory."""
        case = ctx.load(Case, timer.subject)
        apply(case, leaving.leave(case, timer.detail, self.world(ctx)), ctx)

    # --- within

    def world(self, ctx: HandlerContext) -> World:
        """What a case needs to know of the world at this moment."""
        known = ctx.memoize("directory", lambda: self.directory.of(ctx.connection))
        return World(known, self.config.calendar, self.config.standards, ctx.now, self.config.police_matters)
