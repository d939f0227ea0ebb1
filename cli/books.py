"""What the four stores hold, as far as `whistle reconcile` asks: rows, never counters or metrics."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from chassis.http.idempotency import HANDLER
from chassis.messaging.external_events import OUTSIDE, Digests
from chassis.persistence.engine import new_engine, reading
from chassis.persistence.errors import translated
from chassis.persistence.tables import ChassisTables
from chassis.runtime.retention import INBOX_MARK
from cli.services import definition
from contracts.events.intake import WhistleBlown
from contracts.events.ledger import CheckpointSigned
from contracts.payload import EventPayload, payload_for
from contracts.topology import SERVICES, SUBSCRIPTIONS, source_of
from services.dispatch import store as dispatch
from services.ledger import store as ledger
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.canonical import canonical
from services.ledger.domain.comparison import Known, LogDisagrees
from services.ledger.domain.merkle import Frontier, leaf_hash
from services.ledger.monitor import verify_whole
from services.notify import store as notify
from services.notify.domain.notice import QUIET
from services.tickets import store as tickets

CLOCKS_APART = timedelta(minutes=5)
"""By so much the clocks of two machines may differ."""
Sent = tuple[str, str]
"""A whistle as its producer knows it: CloudEvents source and id."""


@dataclass(frozen=True)
class Said:
    """An outbox row."""

    service: str
    source: str
    id: str
    type: str
    subject: str
    sequence: int
    state: str
    causation: str | None
    data: Mapping[str, Any]
    at: datetime
    """Machine time."""

    @property
    def payload(self) -> EventPayload:
        """The data as what it says. Raises UnknownEvent and InvalidEvent."""
        return payload_for(self.type).load(self.data)

    def __str__(self) -> str:
        return f"{self.type} {self.id} of {self.service} about {self.subject}"


@dataclass(frozen=True, order=True)
class Taken:
    """What an inbox row is known by."""

    service: str
    handler: str
    source: str
    id: str


@dataclass(frozen=True)
class Told:
    """A notice."""

    ticket: str
    audience: str
    state: str


@dataclass(frozen=True)
class Entry:
    """A row of the ledger's log."""

    position: int
    source: str
    subject: str
    sequence: int
    id: str
    digest: bytes | None = None
    """Of the data as it is recorded; see `digest_of`."""

    def __str__(self) -> str:
        return f"ledger entry {self.position} ({self.id})"


@dataclass(frozen=True)
class Log:
    """Size and root of the ledger's log."""

    size: int
    root: str


@dataclass(frozen=True)
class Books:
    """Everything the four stores hold that the question needs."""

    said: Sequence[Said]
    taken: Mapping[Taken, str]
    """Inbox rows and their states."""
    causes: Mapping[Taken, str]
    """Of what came from outside, the name under which events name it as their cause."""
    last: Mapping[tuple[str, str], int]
    """The highest sequence given, by service and subject."""
    whistles: Sequence[tuple[str, Sent]]
    """Ticket, and the whistle it came from."""
    tickets: Mapping[str, str]
    cases: frozenset[str]
    notices: Mapping[str, Told]
    armed: frozenset[str]
    """The notices that somebody will look at: due, being sent, or waiting for a receipt or for the end of quiet hours."""
    entries: Sequence[Entry]
    kept: Log
    counted: Log
    removed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The highest sequence that retention removed from the outbox, by source and subject; where it removed any."""
    cleared: Mapping[str, datetime] = field(default_factory=dict)
    """By service: inbox rows of what it received before may have been removed by retention."""
    disagreement: str | None = None
    """What the log disagrees in with its checkpoints, in whichever store or directory they are; None where it is theirs."""

    def sources(self) -> frozenset[str]:
        """The sources that a whistle, or anything else that an account may send, was ever taken in from."""
        handler = source_of(WhistleBlown)
        received = {row.source for row in self.taken if row.service == "tickets" and row.handler == handler}
        return frozenset(received | {source for _, (source, _) in self.whistles})

    def may_have_said(self, source: str, subject: str, number: int) -> bool:
        """Whether an event that is in no outbox may have been in one: then nobody can judge it."""
        return number <= self.removed.get((source, subject), 0)

    def may_have_taken(self, service: str, said: datetime | None) -> bool:
        """Whether an event that is not in an inbox may have been there: one that was said by then, or nobody knows when."""
        cleared = self.cleared.get(service)
        return cleared is not None and (said is None or said < cleared + CLOCKS_APART)

    @cached_property
    def by_id(self) -> dict[str, Said]:
        """Outbox rows by event id."""
        return {said.id: said for said in self.said}

    @cached_property
    def by_subject(self) -> dict[tuple[str, str], list[Said]]:
        """Outbox rows of each source and subject, in the order of their sequence."""
        grouped: dict[tuple[str, str], list[Said]] = defaultdict(list)
        for said in sorted(self.said, key=lambda said: said.sequence):
            grouped[said.source, said.subject].append(said)
        return grouped


def read_books(urls: Mapping[str, str], secret: str) -> Books:
    """The rows of the four stores. ``urls`` is by service; ``secret`` is the deployment's. Raises StoreUnavailable."""
    said: list[Said] = []
    taken: dict[Taken, str] = {}
    last: dict[tuple[str, str], int] = {}
    removed: dict[tuple[str, str], int] = {}
    cleared: dict[str, datetime] = {}
    own: dict[str, Any] = {}
    readers = {"tickets": _read_tickets, "dispatch": _read_dispatch, "notify": _read_notify, "ledger": _read_ledger}
    for service in SERVICES:
        engine = new_engine(urls[service])
        try:
            with engine.connect() as connection:
                connection = reading(connection)
                tables = definition(service).tables
                said += _read_outbox(connection, service, tables)
                taken |= _read_inbox(connection, service, tables)
                for row in connection.execute(select(tables.sequences)):
                    last[row.source, row.subject] = row.last
                    if row.removed:
                        removed[row.source, row.subject] = row.removed
                marks = tables.marks.c
                for at in connection.execute(select(marks.at).where(marks.name == INBOX_MARK)).scalars():
                    cleared[service] = at
                own |= readers[service](connection)
        except DBAPIError as wrong:
            raise translated(wrong) from wrong
        finally:
            engine.dispose()
    causes = _causes(taken, Digests(secret.encode()))
    return Books(said=said, taken=taken, causes=causes, last=last, removed=removed, cleared=cleared, **own)


def _causes(taken: Mapping[Taken, str], digests: Digests) -> dict[Taken, str]:
    return {one: digests.cause(one.source, one.id) for one in taken if one.handler in {HANDLER, OUTSIDE}}


def _read_outbox(connection: Connection, service: str, tables: ChassisTables) -> Iterator[Said]:
    for row in connection.execute(select(tables.outbox).order_by(tables.outbox.c.position)):
        headers = {name.lower(): value for name, value in row.headers.items()}
        cause = headers.get("ce-causationid")
        data = json.loads(bytes(row.body))
        yield Said(
            service=service,
            source=headers["ce-source"],
            id=row.event_id,
            type=row.type,
            subject=row.subject,
            sequence=row.sequence,
            state=row.state,
            causation=cause,
            data=data,
            at=row.created_at,
        )


def _read_inbox(connection: Connection, service: str, tables: ChassisTables) -> dict[Taken, str]:
    inbox = tables.inbox.c
    rows = connection.execute(select(inbox.handler, inbox.source, inbox.event_id, inbox.state))
    return {Taken(service, row.handler, row.source, row.event_id): row.state for row in rows}


def _read_tickets(connection: Connection) -> dict[str, Any]:
    whistles, there = tickets.whistles.c, tickets.tickets.c
    return {
        "whistles": [
            (row.ticket, (row.producer, row.producer_id))
            for row in connection.execute(select(whistles.ticket, whistles.producer, whistles.producer_id))
        ],
        "tickets": {row.id: row.state for row in connection.execute(select(there.id, there.state))},
    }


def _read_dispatch(connection: Connection) -> dict[str, Any]:
    return {"cases": frozenset(connection.execute(select(dispatch.cases.c.id)).scalars())}


def _read_notify(connection: Connection) -> dict[str, Any]:
    notices = notify.notices.c
    rows = connection.execute(select(notices.id, notices.ticket, notices.state, notices.document))
    due = connection.execute(select(notices.id).where(notices.next_at.is_not(None))).scalars()
    timers = definition("notify").tables.timers.c
    held = connection.execute(select(timers.subject).where(timers.name == QUIET)).scalars()
    return {
        "notices": {row.id: Told(row.ticket, row.document["audience"], row.state) for row in rows},
        "armed": frozenset((*due, *held)),
    }


def _read_ledger(connection: Connection) -> dict[str, Any]:
    entries = ledger.entries.c
    columns = (entries.position, entries.source, entries.subject, entries.sequence, entries.event_id)
    kept = ledger.log(connection).frontier
    counted, digests = Frontier(), []
    for body in connection.execute(select(entries.body).order_by(entries.position)).scalars():
        counted.append(leaf_hash(bytes(body)))
        digests.append(_recorded(bytes(body)))
    rows = connection.execute(select(*columns).order_by(entries.position)).all()
    return {
        "entries": [Entry(*row, digest=digest) for row, digest in zip(rows, digests, strict=True)],
        "kept": Log(kept.size, kept.root()),
        "counted": Log(counted.size, counted.root()),
        "disagreement": _disagreement(connection),
    }


def digest_of(data: Any) -> bytes:
    """Return a digest of an event's data, to compare what was said with what was recorded.

    A field that is null is as if it were left out: version 0.1.0 said null where nothing is said now.
    """
    return leaf_hash(canonical(_without_null(data)))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(one) for name, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list) else value


def _recorded(body: bytes) -> bytes | None:
    try:
        return digest_of(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _disagreement(connection: Connection) -> str | None:
    """Compare the log with the checkpoints in its store, in its directory, and in what it said."""
    outbox = ledger.DEFINITION.tables.outbox.c
    said = connection.execute(select(outbox.body).where(outbox.type == CheckpointSigned.type)).scalars()
    points = (json.loads(bytes(body)) for body in said)
    published = [Known(one["size"], one["root"], f"checkpoint.signed {one['number']}") for one in points]
    try:
        verify_whole(connection, CheckpointDir.of_environment(), published)
    except LogDisagrees as wrong:
        return str(wrong)
    return None


@cache
def subscribers() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Service and handler of everybody who takes an event, by type."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for service, schemas in SUBSCRIPTIONS.items():
        for schema in schemas:
            found[schema.type].append((service, source_of(schema)))
    return found
