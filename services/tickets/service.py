"""The tickets service: all that comes in, and which rule takes it."""

from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection

from chassis.http import Answer, command, query
from chassis.nameko import on, on_timer
from chassis.outcome import Happened, Outcome, Refused, TooEarly
from chassis.timers import Ringing
from chassis.work import Work
from contracts.codes import Purpose, Request, Urgency
from contracts.envelope import Event
from contracts.events import dispatch, intake
from contracts.events import tickets as say
from services.tickets import store
from services.tickets.config import Config
from services.tickets.domain.ticket import REVISIT, WATCHDOG, Ticket
from services.tickets.domain.whistle import ticket_from, ticket_id

RATE = "rate"


class Unregistered(TooEarly):
    """A category or area that dispatch has not registered, or not yet."""


class TicketsService:
    """Owns the matter; never decides who works on it."""

    name = "tickets"
    config = Config()

    # --- intake

    @on(intake.WhistleBlown)
    def take_whistle(self, event: Event, work: Work) -> None:
        """The same producer id twice is one ticket, whichever way it came."""
        who = work.commander()
        if "producer" not in who.roles:
            raise Refused(f"sender: account {who.id!r} lacks the role 'producer'")
        self._open(ticket_id(event.source, event.id), event.source, event.id, event.data, work)

    @command("POST", "/whistles", role="producer", schema=intake.WhistleBlown)
    def post_whistle(self, body: dict[str, Any], work: Work, key: str) -> Answer:
        """Blow a whistle."""
        source = f"/accounts/{work.commander().id}"
        id_ = ticket_id(source, key)
        self._open(id_, source, key, body, work)
        return Answer(HTTPStatus.ACCEPTED, {"ticket": id_, "status": f"/tickets/{id_}"})

    @on(intake.RequestMade)
    def take_request(self, event: Event, work: Work) -> None:
        """A resident's wish: by signed link, or noted down by somebody on duty."""
        data = event.data
        if data.get("link"):
            self.config.links.check(data["link"], event.subject, RATE)
        elif "desk" not in work.commander().roles:
            raise Refused("link: missing, and the sender is not somebody on duty")
        if data["request"] is Request.RATE:
            for name in ("resolved", "satisfied"):
                if data.get(name) is None:
                    raise Refused(f"{name}: a rating needs it")
            work.apply(work.load(Ticket, event.subject).rated(data["resolved"], data["satisfied"]))

    # --- the chain

    @on(dispatch.CaseStarted)
    def take_case_started(self, event: Event, work: Work) -> None:
        """Handling."""
        work.apply(work.load(Ticket, event.subject).case_started())

    @on(dispatch.CaseCompleted)
    def take_case_completed(self, event: Event, work: Work) -> None:
        """Handled."""
        ticket = work.load(Ticket, event.subject)
        work.apply(ticket.case_completed(event.data["generation"], event.data["handled_by"]))

    @on(dispatch.AssignmentMade)
    def take_assignment(self, event: Event, work: Work) -> None:
        """Verifying, where the assignment is for that."""
        if event.data["purpose"] is Purpose.VERIFY:
            work.apply(work.load(Ticket, event.subject).verification_assigned(event.data["generation"]))

    @on(dispatch.VerificationDone)
    def take_verification(self, event: Event, work: Work) -> None:
        """Revisiting, or rework."""
        ticket, data = work.load(Ticket, event.subject), event.data
        work.apply(ticket.verification_done(data["generation"], data["by"], data["passed"], self.config.rules, work.now))

    # --- what may be whistled about

    @on(dispatch.AreaRegistered)
    def take_area(self, event: Event, work: Work) -> None:
        """Whistles from there are accepted from now on."""
        row = {"code": event.subject, "kind": event.data["kind"].value, "parent": event.data.get("parent")}
        store.register(work.connection, store.areas, {**row, "sequence": event.sequence or 0})

    @on(dispatch.CategoryRegistered)
    def take_category(self, event: Event, work: Work) -> None:
        """Whistles of this kind are accepted from now on."""
        row = {"code": event.subject, "urgency": event.data["urgency"].value, "dispute": str(event.data["dispute"])}
        store.register(work.connection, store.categories, {**row, "sequence": event.sequence or 0})

    # --- clocks

    @on_timer(WATCHDOG)
    def ring_watchdog(self, ringing: Ringing, work: Work) -> None:
        """Nobody took the ticket up in time."""
        work.apply(work.load(Ticket, ringing.subject).unattended(self.config.rules, work.now))

    @on_timer(REVISIT)
    def ring_revisit(self, ringing: Ringing, work: Work) -> None:
        """The resident did not answer."""
        work.apply(work.load(Ticket, ringing.subject).revisit_lapsed(ringing.generation))

    # --- questions

    @query("GET", "/tickets/<string:id_>", role="reader")
    def get_ticket(self, connection: Connection, id_: str) -> Any:
        """A ticket as it stands, without its private part."""
        return store.ticket_document(connection, id_)

    # --- within

    def _open(self, id_: str, producer: str, producer_id: str, data: Any, work: Work) -> None:
        if work.find(Ticket, id_) is not None:
            return
        category = self._registered(work, store.categories, "category", data["category"])
        self._registered(work, store.areas, "area", data["area"])
        if data.get("estate"):
            self._registered(work, store.areas, "estate", data["estate"])
        ticket = ticket_from(id_, data, Urgency(category["urgency"]), category["dispute"] == "True", work.now, self.config.salt)
        work.add(ticket)
        said = intake.WhistleBlown.write(data)
        work.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": said})
        opened = work.for_subject(id_)
        opened.apply(ticket.open(self.config.rules))
        opened.apply(self._private(ticket, data))

    def _private(self, ticket: Ticket, data: Any) -> Outcome:
        reporter = data.get("reporter") or {}
        link = self.config.links.sign(ticket.id, RATE) if ticket.has_contact else None
        contact = {"name": reporter.get("name"), "phone": reporter.get("phone"), "locale": reporter.get("locale")}
        return Outcome(
            Happened(say.MatterDescribed, ticket.id, {"text": data["text"], "address": data.get("address")}),
            Happened(say.ContactRecorded, ticket.id, {**contact, "rate_link": link}),
        )

    @staticmethod
    def _registered(work: Work, table: Any, field: str, code: str) -> Any:
        row = store.registered(work.connection, table, code)
        if row is None:
            raise Unregistered(f"{field}: {code!r} is not registered")
        return row
