"""Notify without its ways in and out: events are handled, notices delivered, and time passes, on a SQLite store of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from prometheus_client import CollectorRegistry
from sqlalchemy import delete, select

from chassis.handler_context import HandlerContext
from chassis.persistence import Store
from chassis.signed_links import Links
from chassis.unit_of_work import UnitOfWork
from contracts.codes import Urgency
from contracts.envelope import Event
from contracts.events import dispatch, tickets
from contracts.payload import EventPayload
from services.notify import cancellation, notice_factory, store
from services.notify.config import NotifyConfig, load_templates
from services.notify.delivery import Deliverer
from services.notify.domain.attempts import Failure
from services.notify.domain.channels import Channel, Channels
from services.notify.domain.contact import Contact
from services.notify.domain.notice import QUIET, Notice, NoticeState
from services.notify.metrics import NotifyMetrics
from services.notify.transport.sender import NotSent
from tests.kit.payloads import some

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
TEMPLATES = load_templates(DEPLOY / "notices.yaml")
START = datetime(2026, 3, 4, 4, tzinfo=UTC)
PHONE = "+862988880000"
_CLOCKS = ("services.notify.delivery", "services.notify.cancellation", "services.notify.notice_factory")


@dataclass(frozen=True)
class Sent:
    """A notice as it was handed over, and when (business time)."""

    notice: Notice
    at: datetime


class PostOffice:
    """Business time and machine time are one here. ``fails`` says of an attempt whether the gateway refuses it."""

    def __init__(self, channels: Channels, fails: Callable[[Notice], bool] = lambda _: False):
        self._directory = tempfile.TemporaryDirectory()
        url = f"sqlite:///{self._directory.name}/notify.db"
        self.store = Store(url, store.DEFINITION.tables, store.DEFINITION.mappers)
        store.metadata.create_all(self.store.engine)
        self.metrics = NotifyMetrics(CollectorRegistry())
        self.now, self.fails = START, fails
        self.sent: list[Sent] = []
        self.sequences: dict[tuple[str, str], int] = {}
        self.on_send: Callable[[Notice], None] = lambda _: None
        self.deploy(channels)

    def __enter__(self) -> PostOffice:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self._directory.cleanup()

    def deploy(self, channels: Channels) -> None:
        """Start anew with other channels."""
        clock: Any = SimpleNamespace(now=lambda: self.now)
        self.config = NotifyConfig(TEMPLATES, channels, Links("a secret of the tests"))
        self.deliverer = Deliverer(self.store, clock, "/notify", channels, self.metrics, self._send)

    def _send(self, channel: Channel, notice: Notice, channels: Channels) -> None:
        self.on_send(notice)
        if self.fails(notice):
            raise NotSent(Failure("http_503"))
        self.sent.append(Sent(replace(notice), self.now))

    # --- what happens

    def _within(self, act: Callable[[HandlerContext], Any], subject: str) -> Any:
        with self.store.transaction() as connection, self._machine_time():
            unit = UnitOfWork(self.store, connection, "/notify")
            found = act(HandlerContext(unit, self.now, subject))
            unit.flush()
            return found

    def _machine_time(self) -> Any:
        return _Patched(lambda: self.now)

    def known(self, ticket: str = "T1", urgency: Urgency = Urgency.E2, phone: str | None = PHONE) -> None:
        """A ticket whose reporter and matter are known."""

        def record(ctx: HandlerContext) -> None:
            contact = notice_factory.contact_for(ticket, ctx)
            contact.recorded(tickets.ContactRecorded(phone=phone, links=tickets.Links(rate="r", reopen="o")), contact.heard + 1)
            contact.text = "漏水"
            contact.raise_urgency(urgency)

        self._within(record, ticket)

    def event(self, schema: type[EventPayload], subject: str = "T1", sequence: int = 0, **data: Any) -> Event:
        """An event that happens now; its number is the next one, unless it is given."""
        source = f"/{schema.producer}"
        number = sequence or self.sequences.get((source, subject), 0) + 1
        self.sequences[source, subject] = max(number, self.sequences.get((source, subject), 0))
        id_ = f"{source[1:]}-{subject}-{number}"
        return Event(some(schema, **data), source, subject, id_, self.now, sequence=number)

    def take(self, event: Event) -> None:
        """Notify handles an event."""

        def handle(ctx: HandlerContext) -> None:
            if event.type == dispatch.ResponderRetired.type:
                cancellation.cancel_for_retired(event, ctx, self.metrics)
            else:
                cancellation.cancel_obsolete(event, notice_factory.write_notices(event, ctx, self.config), ctx, self.metrics)

        self._within(handle, event.subject)

    def hear(self, schema: type[EventPayload], subject: str = "T1", **data: Any) -> Event:
        """An event happens, and notify handles it at once."""
        event = self.event(schema, subject, **data)
        self.take(event)
        return event

    def opened(self, **more: Any) -> Event:
        """The ticket is opened."""
        return self.hear(tickets.TicketOpened, urgency=Urgency.E2, **more)

    # --- time

    def pass_time(self, span: timedelta) -> None:
        """Time passes; whatever is due on the way is done in its time."""
        until = self.now + span
        self.deliver()
        while self.now < until:
            self.now = min(until, *self._ahead(), until)
            self._ring()
            self.deliver()

    def _ahead(self) -> list[datetime]:
        """Return the next instant at which something is due, after now."""
        columns = (store.notices.c.next_at, self.store.tables.timers.c.due_at, store.rate_slots.c.free_at)
        with self.store.transaction() as connection:
            return [at for one in columns for at in connection.execute(select(one).where(one > self.now)).scalars()]

    def _ring(self) -> None:
        table = self.store.tables.timers
        with self.store.transaction() as connection:
            due = list(
                connection.execute(select(table.c.subject).where(table.c.name == QUIET, table.c.due_at <= self.now)).scalars()
            )
            connection.execute(delete(table).where(table.c.name == QUIET, table.c.due_at <= self.now))
        for id_ in due:
            self._within(lambda ctx, id_=id_: ctx.load(Notice, id_).release(self.now), id_)

    def deliver(self) -> None:
        """Every lane works until nothing is due."""
        with self._machine_time():
            while self.deliverer.reroute_orphans() or self._step():
                pass

    def _step(self) -> int:
        """One step of every lane."""
        return sum([self.deliverer.step(channel) for channel in self.config.channels.channels.values()])

    # --- what came of it

    def notices(self, ticket: str = "T1") -> list[Notice]:
        """The notices about a ticket, in the order of their events."""
        with self.store.transaction() as connection:
            found = store.notices_of(connection, ticket)
        return sorted(found, key=lambda one: (one.happened_at or START, one.sequence))

    def contact(self, ticket: str) -> Contact | None:
        """Return notify's knowledge of a ticket."""
        with self.store.transaction() as connection:
            return store.contacts_by_id(connection, [ticket]).get(ticket)

    def told(self) -> list[str]:
        """The templates that were sent, in order."""
        return [one.notice.template for one in self.sent]

    def cancelled(self) -> list[tuple[str, str | None, str | None]]:
        """Template, reason and superseding event of what was cancelled."""
        return [(one.template, one.reason, one.superseded_by) for one in self.notices() if one.state is NoticeState.CANCELLED]


class _Patched:
    """The machine's time, as the modules under test read it."""

    def __init__(self, now: Callable[[], datetime]):
        self._patches = [patch(f"{module}.machine_now", now) for module in _CLOCKS]

    def __enter__(self) -> None:
        for one in self._patches:
            one.start()

    def __exit__(self, *_: object) -> None:
        for one in self._patches:
            one.stop()
