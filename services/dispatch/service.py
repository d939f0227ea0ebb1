"""The dispatch service: all that comes in, and which rule takes it."""

from chassis.nameko import on, on_timer
from chassis.timers import Ringing
from chassis.work import Work
from contracts.codes import Clock
from contracts.envelope import Event
from contracts.events import intake, tickets
from services.dispatch.api import DispatchApi
from services.dispatch.config import BusinessTime, Config
from services.dispatch.domain import facts, leaving, pauses, performance
from services.dispatch.domain.case import Case
from services.dispatch.domain.playbook import choose
from services.dispatch.domain.world import World
from services.dispatch.kept import Kept
from services.dispatch.metrics import Metrics
from services.dispatch.recomputing import Recomputing
from services.dispatch.reports import file_report, make_request


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
    def take_opened(self, event: Event, work: Work) -> None:
        """Start a case by the playbook that takes the category."""
        data = event.data
        if work.find(Case, event.subject) is not None:
            return
        case = Case(
            id=event.subject,
            category=data["category"],
            area=data["area"],
            estate=data.get("estate"),
            urgency=data["urgency"],
            dispute=data["dispute"],
            opened_at=data["opened_at"],
            playbook=choose(self.config.playbooks, data["category"]),
        )
        work.add(case)
        work.apply(facts.opened(case, self.world(work)))

    @on(tickets.TicketHandled)
    def take_handled(self, event: Event, work: Work) -> None:
        """Ask somebody to verify who did not handle it."""
        case, data = work.load(Case, event.subject), event.data
        work.apply(facts.handled(case, data["generation"], data["handled_by"], self.world(work)))

    @on(tickets.TicketReworkOrdered)
    @on(tickets.TicketReopened)
    def take_again(self, event: Event, work: Work) -> None:
        """Go on at the level that ended it."""
        case = work.load(Case, event.subject)
        work.apply(facts.again(case, event.data["generation"], self.world(work)))

    @on(tickets.TicketRejected)
    @on(tickets.TicketMerged)
    @on(tickets.TicketCancelled)
    def take_withdrawn(self, event: Event, work: Work) -> None:
        """Those at work are relieved."""
        cause = event.type.split(".")[1]
        work.apply(facts.withdrawn(work.load(Case, event.subject), cause))

    @on(tickets.TicketParked)
    def take_parked(self, event: Event, work: Work) -> None:
        """The clocks stand still."""
        work.apply(pauses.parked(work.load(Case, event.subject), event.data["review_at"], self.world(work)))

    @on(tickets.TicketResumed)
    def take_resumed(self, event: Event, work: Work) -> None:
        """The clocks go on."""
        work.apply(pauses.resume(work.load(Case, event.subject), self.world(work)))

    @on(tickets.TicketUrgencyRaised)
    def take_urgency(self, event: Event, work: Work) -> None:
        """The clocks of the new urgency, from the old start."""
        case = work.load(Case, event.subject)
        work.apply(facts.urgency_raised(case, event.data["urgency"], self.world(work)))

    # --- responders and residents

    @on(intake.ReportFiled)
    def take_report(self, event: Event, work: Work) -> None:
        """A responder's command, over AMQP."""
        file_report(event.subject, event.data, work, self.world(work))

    @on(intake.RequestMade)
    def take_request(self, event: Event, work: Work) -> None:
        """A party consents to a mediation, or withdraws; what else is asked is the business of tickets."""
        make_request(event.subject, event.data, work, self.world(work), self.config.links)

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
        work.apply(facts.rang(case, ringing.name, ringing.generation, self.world(work)))

    @on_timer(pauses.REVIEW)
    def ring_review(self, ringing: Ringing, work: Work) -> None:
        """The review date of a supervisor's pause came."""
        case = work.load(Case, ringing.subject)
        work.apply(pauses.review(case, ringing.generation, self.world(work)))

    @on_timer(performance.PERFORMANCE)
    def ring_performance(self, ringing: Ringing, work: Work) -> None:
        """Nobody has said yet whether what was agreed was done."""
        case = work.load(Case, ringing.subject)
        work.apply(performance.ask(case, ringing.detail, ringing.generation, self.world(work)))

    @on_timer(leaving.GONE)
    def ring_gone(self, ringing: Ringing, work: Work) -> None:
        """A responder that the case counts on left the directory."""
        case = work.load(Case, ringing.subject)
        work.apply(leaving.leave(case, ringing.detail, self.world(work)))

    # --- within

    def world(self, work: Work) -> World:
        """What a case needs to know of the world at this moment."""
        known = work.once("directory", lambda: self.directory.of(work.connection))
        return World(known, self.config.calendar, self.config.standards, work.now, self.config.police_matters)
