"""The ledger's handlers over a real store, without broker and nameko: events come, and time passes, as a test says.

So a test about an hour takes a moment, and nothing in it races.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from sqlalchemy import func, select

from chassis.clock import ManualClock
from chassis.inbox.inbox import Inbox
from chassis.inbox.inbox_records import message_of
from chassis.inbox.retry_policy import RetryPolicy
from chassis.messaging import cloudevents_codec
from chassis.persistence import Store
from chassis.runtime.nameko import On, OnTimer
from chassis.timers import TimerHandler, Timers
from cli.main import main
from contracts.envelope import Event
from contracts.payload import EventPayload
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.config import FILE, LedgerConfig, load_rules
from services.ledger.domain.checkpoint import Signer
from services.ledger.log_monitor import LogMonitor
from services.ledger.service import LedgerService
from services.ledger.store import DEFINITION, log
from tests.component.counting import Watched
from tests.kit.payloads import some

START = datetime(2026, 3, 3, 9, tzinfo=UTC)
RULES = load_rules(Path(__file__).resolve().parents[2] / "deploy" / FILE)


class SteppingClock(ManualClock):
    """A clock that somebody may also set back."""

    def set_back(self, **span: float) -> None:
        """Go back, as a machine's clock does that was wrong."""
        self._now -= timedelta(**span)


class LedgerAlone:
    """One ledger. ``signer`` may be set anew, as an operator does who deploys another key."""

    def __init__(self, store: Store):
        self.store, self.clock, self.watch = store, SteppingClock(START), Watched()
        self.service = LedgerService()
        self.sign_with(Signer(bytes(32)))
        self.restart()
        self._inbox = Inbox(
            handler="all",
            store=store,
            clock=self.clock,
            source=DEFINITION.source,
            handle={entry.payload.type: method for method, entry in self._entrypoints(On)},
            watch=self.watch,
            retries=RetryPolicy(attempts=10, first=0.25),
            prefetch=DEFINITION.prefetch,
        )
        rings: dict[str, TimerHandler] = {entry.kind: method for method, entry in self._entrypoints(OnTimer)}
        self._timers = Timers(store, self.clock, DEFINITION.source, rings, self.watch)

    def sign_with(self, signer: Signer) -> None:
        """The key of the checkpoints from now on."""
        self.service.config = LedgerConfig(RULES, signer)

    def restart(self, directory: CheckpointDir | None = None) -> None:
        """Begin with nothing in memory, as another process does; ``directory`` is where checkpoints are published."""
        self.monitor = self.service.monitor = LogMonitor(directory)

    def look(self) -> None:
        """The log monitor's turn. Raises LogDisagrees."""
        memory = self.monitor.remember()
        with self.store.transaction() as connection:
            self.monitor.check(connection, log(connection), memory)

    def _entrypoints(self, kind: type) -> list[tuple[Any, Any]]:
        methods = [getattr(self.service, name) for name in dir(self.service)]
        return [(m, e) for m in methods for e in getattr(m, "nameko_entrypoints", ()) if isinstance(e, kind)]

    def hear(self, *events: Event) -> None:
        """Take events in, as one batch. Fails where one is refused or fails."""
        self._inbox.take([cloudevents_codec.encode(event) for event in events])
        inbox = DEFINITION.tables.inbox
        with self.store.transaction() as connection:
            wrong = connection.execute(select(inbox).where(inbox.c.state != "applied")).mappings().all()
        assert not wrong, [(row["reason"], message_of(row)) for row in wrong]

    def let_pass(self, **spans: float) -> None:
        """Business time goes on, from one due timer to the next."""
        end = self.clock.now() + timedelta(**spans)
        while (due := self._next_due()) is not None and due <= end:
            self.clock.move_to(due)
            assert self._timers.fire_due()
        self.clock.move_to(end)

    def ring(self, **spans: float) -> None:
        """Time goes on at once, and one batch of what is due then fires."""
        self.clock.move_to(self.clock.now() + timedelta(**spans))
        assert self._timers.fire_due()

    def _next_due(self) -> datetime | None:
        with self.store.transaction() as connection:
            return connection.execute(select(func.min(DEFINITION.tables.timers.c.due_at))).scalar_one()

    def said(self, schema: type[EventPayload], subject: str | None = None) -> list[Mapping[str, Any]]:
        """The data of what the ledger said, of one type, the first first."""
        table = DEFINITION.tables.outbox
        query = select(table.c.body, table.c.headers).where(table.c.type == schema.type).order_by(table.c.position)
        if subject:
            query = query.where(table.c.subject == subject)
        with self.store.transaction() as connection:
            rows = connection.execute(query).all()
        return [
            cloudevents_codec.decode(
                cloudevents_codec.Message(row.headers, cloudevents_codec.JSON, bytes(row.body))
            ).payload.by_name()
            for row in rows
        ]


def whistle(url: str, *words: str, **more: str) -> Result:
    """Run a command as an operator of this ledger does."""
    env = {
        "WHISTLE_DATABASE_URL": url,
        "WHISTLE_AMQP_URL": "amqp://nobody",
        "WHISTLE_IDENTITIES": "nowhere",
        "WHISTLE_SECRET": "a secret of the tests",
        **more,
    }
    return CliRunner().invoke(main, ["ledger", *words], env=env)


def happened(schema: type[EventPayload], subject: str, sequence: int, id_: str = "", **data: Any) -> Event:
    """An event of one of the other services."""
    return Event(
        payload=some(schema, **data),
        source=f"/{schema.producer}",
        subject=subject,
        id=id_ or f"{schema.producer}-{subject}-{sequence}",
        time=START,
        correlationid=subject,
        sequence=sequence,
    )


def closed(subject: str, sequences: Collection[int]) -> list[Event]:
    """Some of a ticket's events, by their numbers."""
    from contracts.codes import Closure
    from contracts.events.tickets import TicketClosed

    return [happened(TicketClosed, subject, number, closure=Closure.NO_CONTACT, generation=number) for number in sequences]


def announced(number: int, **last: int) -> Event:
    """Tickets announces how far its numbers go."""
    from contracts.events.sequences import TicketsSequencesAnnounced

    reached = [{"subject": subject, "last": highest} for subject, highest in last.items()]
    return happened(TicketsSequencesAnnounced, "tickets", number, reached=reached)
