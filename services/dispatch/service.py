"""The dispatch service: all that comes in, and which rule takes it."""

from chassis.nameko import on, on_timer
from chassis.timers import Ringing
from chassis.work import Work
from contracts.codes import Clock
from contracts.envelope import Event
from contracts.events import intake, tickets
from services.dispatch import store
from services.dispatch.api import DispatchApi
from services.dispatch.config import Playbooks
from services.dispatch.domain.case import Case
from services.dispatch.domain.playbook import choose
from services.dispatch.reports import file_report


class DispatchService(DispatchApi):
    """Owns who works on it and by when; never talks to people. What comes in over HTTP is `DispatchApi`."""

    name = "dispatch"
    playbooks = Playbooks()

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
            opened_at=data["opened_at"],
            playbook=choose(self.playbooks, data["category"]),
        )
        work.add(case)
        work.apply(case.start(store.directory(work.connection), work.now))

    @on(tickets.TicketHandled)
    def take_handled(self, event: Event, work: Work) -> None:
        """Ask somebody to verify who did not handle it."""
        case, data = work.load(Case, event.subject), event.data
        directory = store.directory(work.connection)
        work.apply(case.handled(data["generation"], data["handled_by"], directory, work.now))

    @on(tickets.TicketReworkOrdered)
    def take_rework(self, event: Event, work: Work) -> None:
        """Go on at the same level."""
        case = work.load(Case, event.subject)
        work.apply(case.rework(event.data["generation"], store.directory(work.connection), work.now))

    # --- responders

    @on(intake.ReportFiled)
    def take_report(self, event: Event, work: Work) -> None:
        """A responder's command, over AMQP."""
        file_report(event.subject, event.data, work)

    # --- clocks

    @on_timer(Clock.SIGN)
    @on_timer(Clock.REPORT_IN)
    @on_timer(Clock.HANDLE_WITHIN)
    @on_timer(Clock.VERIFY)
    def ring_clock(self, ringing: Ringing, work: Work) -> None:
        """A clock of an assignment ran out."""
        case = work.load(Case, ringing.subject)
        directory = store.directory(work.connection)
        work.apply(case.ring(Clock(ringing.kind), ringing.detail, ringing.due, directory))
