"""The dispatch service: all that comes in, and which rule takes it."""

from dataclasses import replace

from chassis.nameko import on, on_timer
from chassis.timers import Ringing
from chassis.work import Work
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
    def take_opened(self, event: Event[tickets.TicketOpened], work: Work) -> None:
        """Start a case by the playbook that takes the category."""
        said = event.payload
        if work.find(Case, event.subject) is not None:
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
        work.add(case)
        apply(case, facts.opened(case, self.world(work)), work)

    @on(tickets.TicketHandled)
    def take_handled(self, event: Event[tickets.TicketHandled], work: Work) -> None:
        """Ask somebody to verify who did not handle it."""
        case, said = work.load(Case, event.subject), event.payload
        apply(case, facts.handled(case, said.generation, said.handled_by, self.world(work)), work)

    @on(tickets.TicketReworkOrdered, tickets.TicketReopened)
    def take_again(self, event: Event[tickets.TicketReworkOrdered | tickets.TicketReopened], work: Work) -> None:
        """Go on at the level that ended it."""
        case = work.load(Case, event.subject)
        apply(case, facts.again(case, event.payload.generation, self.world(work)), work)

    @on(tickets.TicketUnmerged)
    def take_unmerged(self, event: Event[tickets.TicketUnmerged], work: Work) -> None:
        """Take a merged ticket's case up again."""
        case = work.load(Case, event.subject)
        apply(case, facts.unmerged(case, event.payload.generation, self.world(work)), work)

    @on(tickets.TicketRejected, tickets.TicketMerged, tickets.TicketCancelled)
    def take_withdrawn(
        self, event: Event[tickets.TicketRejected | tickets.TicketMerged | tickets.TicketCancelled], work: Work
    ) -> None:
        """Those at work are relieved."""
        cause = event.type.split(".")[1]
        case = work.load(Case, event.subject)
        generation = event.payload.generation if isinstance(event.payload, tickets.TicketMerged) else None
        apply(case, facts.withdrawn(case, cause, generation), work)

    @on(tickets.TicketParked)
    def take_parked(self, event: Event[tickets.TicketParked], work: Work) -> None:
        """The clocks stand still."""
        case = work.load(Case, event.subject)
        apply(case, pauses.parked(case, event.payload.review_at, self.world(work)), work)

    @on(tickets.TicketResumed)
    def take_resumed(self, event: Event[tickets.TicketResumed], work: Work) -> None:
        """The clocks go on."""
        case = work.load(Case, event.subject)
        apply(case, pauses.resume(case, self.world(work)), work)

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event[tickets.TicketUrgencyRaised], work: Work) -> None:
        """The clocks of the new urgency, from the old start."""
        case = work.load(Case, event.subject)
        apply(case, facts.urgency_raised(case, event.payload.urgency, self.world(work)), work)

    @on(tickets.TicketCategoryChanged)
    def take_category(self, event: Event[tickets.TicketCategoryChanged], work: Work) -> None:
        """Route the case by the new category's playbook."""
        case, said = work.load(Case, event.subject), event.payload
        playbook = choose(self.config.playbooks, said.category)
        change = rerouting.Change(said.category, said.dispute, said.generation, playbook)
        apply(case, rerouting.category_changed(case, change, self.world(work)), work)

    # --- responders and residents

    @on(intake.ReportFiled)
    def take_report(self, event: Event[intake.ReportFiled], work: Work) -> None:
        """A responder's command, over AMQP: who comes too late is told by an event, since nobody waits for an answer."""
        try:
            file_report(event.subject, event.payload, work, self.world(work))
        except TooLate as late:
            work.apply(refusal(event.subject, event.payload, work.commander().id, late))

    @on(intake.RequestMade)
    def take_request(self, event: Event[intake.RequestMade], work: Work) -> None:
        """A party consents to a mediation, or withdraws; what else is asked is the business of tickets."""
        make_request(event.subject, event.payload, work, self.world(work), self.config.links)

    # --- clocks

    @on_timer(Clock.CONTACT)
    @on_timer(Clock.HANDLE)
    @on_timer(Clock.SIGN)
    @on_timer(Clock.REPORT_IN)
    @on_timer(Clock.HANDLE_WITHIN)
    @on_timer(Clock.VERIFY)
    def ring_clock(self, ringing: Ringing, work: Work) -> None:
        """A clock reached a mark."""
        case = work.load(Case, ringing.subject)
        counts = calendars.counts(work.connection, self.config.calendar.version)
        world = replace(self.world(work), calendar_counts=counts)
        apply(case, facts.rang(case, ringing.name, ringing.generation, world), work)

    @on_timer(pauses.REVIEW)
    def ring_review(self, ringing: Ringing, work: Work) -> None:
        """The review date of a supervisor's pause came."""
        case = work.load(Case, ringing.subject)
        apply(case, pauses.review(case, ringing.generation, self.world(work)), work)

    @on_timer(performance.PERFORMANCE)
    def ring_performance(self, ringing: Ringing, work: Work) -> None:
        """Nobody has said yet whether what was agreed was done."""
        case = work.load(Case, ringing.subject)
        apply(case, performance.ask(case, ringing.detail, ringing.generation, self.world(work)), work)

    @on_timer(leaving.GONE)
    def ring_gone(self, ringing: Ringing, work: Work) -> None:
        """A responder that the case counts on left the directory."""
        case = work.load(Case, ringing.subject)
        apply(case, leaving.leave(case, ringing.detail, self.world(work)), work)

    # --- within

    def world(self, work: Work) -> World:
        """What a case needs to know of the world at this moment."""
        known = work.once("directory", lambda: self.directory.of(work.connection))
        return World(known, self.config.calendar, self.config.standards, work.now, self.config.police_matters)
