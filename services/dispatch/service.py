"""The dispatch service: all that comes in, and which rule takes it."""

from http import HTTPStatus
from typing import Any

from marshmallow import Schema
from sqlalchemy import Connection

from chassis.http import Answer, command, query
from chassis.nameko import on, on_timer
from chassis.timers import Ringing
from chassis.work import Work
from contracts import fields
from contracts.codes import Clock, Command
from contracts.envelope import Event
from contracts.events import intake, tickets
from services.dispatch import store
from services.dispatch.config import Playbooks
from services.dispatch.domain.case import Case, MayNotSpeak
from services.dispatch.domain.playbook import choose


class Report(Schema):
    """A report over HTTP: that of `report.filed.v1`, and the ticket it is about."""

    ticket = fields.ident("the ticket's id")
    command = fields.code(Command, "what the unit reports")
    unit = fields.ident("the responder that reports")
    passed = fields.flag("verify only: the matter is really solved", optional=True)
    note = fields.text("free text for the record", optional=True)


class DispatchService:
    """Owns who works on it and by when; never talks to people."""

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
        self._report(event.subject, event.data, work)

    @command("POST", "/reports", role="responder", schema=Report)
    def post_report(self, body: dict[str, Any], work: Work, key: str) -> Answer:
        """A responder's command, over HTTP."""
        self._report(body["ticket"], body, work.for_subject(body["ticket"]))
        return Answer(HTTPStatus.ACCEPTED, {"ticket": body["ticket"], "command": body["command"].value, "id": key})

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

    # --- questions

    @query("GET", "/cases/<string:id_>", role="reader")
    def get_case(self, connection: Connection, id_: str) -> Any:
        """A case as it stands."""
        return store.case_document(connection, id_)

    # --- within

    @staticmethod
    def _report(ticket: str, data: Any, work: Work) -> None:
        actor = work.commander()
        if not actor.speaks_for(data["unit"]):
            raise MayNotSpeak(f"unit: account {actor.id!r} does not speak for {data['unit']!r}")
        case = work.load(Case, ticket)
        work.apply(case.report(data["command"], data["unit"], actor.id, data.get("passed"), work.now))
