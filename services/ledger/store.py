"""The tables of the ledger: the log, its frontier and checkpoints, and the projections."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Index, LargeBinary, MetaData, Select, Table, Text, select

from chassis.handler_context import HandlerContext
from chassis.persistence import Document, Instant, Mapper, Position, chassis_tables, converter
from chassis.service_definition import ServiceDefinition
from contracts.envelope import Event
from contracts.events.dispatch import AreaRegistered, MediationOpened, ResponderRegistered
from contracts.payload import payload_for
from services.ledger.domain.canonical import canonical as rfc8785
from services.ledger.domain.checkpoint import Checkpoint, SignedCheckpoint
from services.ledger.domain.double_entry import Posting, Side, State
from services.ledger.domain.log_comparison import LogDisagrees
from services.ledger.domain.members import Account
from services.ledger.domain.merkle import Frontier
from services.ledger.domain.points import DECIDING_EVENTS, PointsHolds
from services.ledger.domain.ticket_projection import PROJECTORS
from services.ledger.domain.ticket_record import TicketRecord

T = TypeVar("T")
metadata = MetaData()
LOG = "log"

entries = Table(
    "entries",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", Position, nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("entries_subject", "subject", "position"),
    Index("entries_source", "source", "subject", "sequence"),
)
"""``body`` is the entry in canonical form: its leaf is hashed from these bytes and nothing else."""

logs = Table("logs", metadata, Column("id", Text, primary_key=True), Column("document", Document, nullable=False))

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", Position, primary_key=True, autoincrement=False),
    Column("size", Position, nullable=False),
    Column("root", Text, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("next_key", Text),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public", Text, nullable=False),
    Column("first", Position, nullable=False),
)
"""The public keys that signed checkpoints, each with the number of its first one."""

gaps = Table(
    "gaps",
    metadata,
    Column("source", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("missing_from", Position, primary_key=True, autoincrement=False),
    Column("missing_to", Position, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
)
"""The gaps found: ``noted`` until the time to fill them is over, then ``filled`` or ``found``."""

forks = Table(
    "forks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sequence", Position, primary_key=True, autoincrement=False),
    Column("noted_at", Instant, nullable=False),
)

accounts = Table("accounts", metadata, Column("id", Text, primary_key=True), Column("document", Document, nullable=False))

stakes = Table("stakes", metadata, Column("id", Text, primary_key=True), Column("document", Document, nullable=False))

postings = Table(
    "postings",
    metadata,
    Column("transfer", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("amount", Position, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("settles", Text),
    Column("event_id", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Index("postings_account", "account"),
)
"""The entries of the points, two for each transfer. Rows are only ever added."""

ticket_book = Table(
    "ticket_book",
    metadata,
    Column("id", Text, primary_key=True),
    Column("category", Text),
    Column("area", Text),
    Column("estate", Text),
    Column("urgency", Text),
    Column("opened_at", Instant),
    Column("document", Document, nullable=False),
    Index("ticket_book_opened", "opened_at"),
)

areas = Table("areas", metadata, Column("id", Text, primary_key=True), Column("document", Document, nullable=False))


@dataclass
class Log:
    """The log's frontier. An appender locks it, so that positions have no gap.

    ``looked`` is the size up to which the sources' numbers were looked at. Of the last checkpoint, ``taken_at`` is the time and
    ``checkpointed`` the frontier, whose root was signed; ``clock_steps`` is how many are dated before the one before.
    ``rfc8785_from`` is the position of the first entry in the canonical form of RFC 8785; None until there is one.
    """

    id: str = LOG
    frontier: Frontier = field(default_factory=Frontier)
    checkpoint_armed: bool = False
    checkpoints: int = 0
    taken_at: datetime | None = None
    look_armed: bool = False
    looked: int = 0
    checkpointed: Frontier = field(default_factory=Frontier)
    clock_steps: int = 0
    rfc8785_from: int | None = None


@dataclass
class Area:
    """The parent of an area."""

    id: str
    parent: str | None = None
    number: int = 0


def _book_columns(record: TicketRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("category", "area", "estate", "urgency", "opened_at")}


def _subjects(types: Collection[str]) -> Callable[[Event], tuple[str, ...]]:
    """Return a function from an event of these types to its subject."""
    return lambda event: (event.subject,) if event.type in types else ()


def _accounts(event: Event) -> tuple[str, ...]:
    """Return the accounts that an event may concern."""
    if isinstance(event.payload, MediationOpened):
        return (event.payload.mediator,)
    return (event.subject,) if event.type == ResponderRegistered.type else ()


TICKET_RECORDS: Mapper[TicketRecord] = Mapper(TicketRecord, ticket_book, _book_columns)
DEFINITION = ServiceDefinition(
    "ledger",
    chassis_tables(metadata),
    (
        Mapper(Log, logs, lambda _: {}),
        Mapper(Account, accounts, lambda _: {}),
        Mapper(PointsHolds, stakes, lambda _: {}),
        Mapper(Area, areas, lambda _: {}),
        TICKET_RECORDS,
    ),
    prefetch={
        Log: lambda _: (LOG,),  # first: whoever appends waits here, so that the rows behind it cannot deadlock
        TicketRecord: _subjects(PROJECTORS),
        PointsHolds: _subjects(DECIDING_EVENTS | {MediationOpened.type}),
        Account: _accounts,
        Area: _subjects({AreaRegistered.type}),
    },
)


def get_or_add(ctx: HandlerContext, cls: type[T], key: str) -> T:
    """Return an aggregate; a new one where there is none."""
    known = ctx.find(cls, key)
    if known is None:
        known = cls(key)  # type: ignore[call-arg]
        ctx.add(known)
    return known


def canonical(event: Event) -> bytes:
    """Return an event, which was validated when read, as the bytes that are hashed: all of it, by RFC 8785."""
    return rfc8785(
        {
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "id": event.id,
            "time": event.time.isoformat(),
            "correlationid": event.correlationid,
            "causationid": event.causationid,
            "sequence": event.sequence,
            "data": event.payload.dumped(),
        }
    )


def event_from_body(body: bytes) -> Event:
    """Return the event of an entry."""
    whole: dict[str, Any] = json.loads(body)
    payload = payload_for(whole.pop("type")).load(whole.pop("data"))
    return Event(**{**whole, "time": datetime.fromisoformat(whole["time"]), "payload": payload})


def entry_bodies(connection: Connection, since: int = 0) -> Iterator[bytes]:
    """Yield every entry's body from a position on, in the order of the log.

    Raises LogDisagrees for a row that is not at its position, or whose columns are not those of its body.
    """
    ordered = select(entries).where(entries.c.position >= since).order_by(entries.c.position)
    for place, row in enumerate(
        connection.execute(ordered.execution_options(stream_results=True, yield_per=1000)), start=since
    ):
        if row.position != place:
            raise LogDisagrees(f"entry {place}: missing from the store")
        body = bytes(row.body)
        if _columns_of(body) != (row.source, row.subject, row.sequence, row.event_id, row.type, row.time):
            raise LogDisagrees(f"entry {place}: its row is not that of its body")
        yield body


def _columns_of(body: bytes) -> tuple[Any, ...] | None:
    try:
        said = json.loads(body)
        time = datetime.fromisoformat(said["time"])
        return said["source"], said["subject"], said["sequence"], said["id"], said["type"], time
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def entries_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Return the entries about a subject, in the order of the log."""
    rows = connection.execute(
        select(entries.c.position, entries.c.body).where(entries.c.subject == subject).order_by(entries.c.position)
    )
    return [{"position": position, **json.loads(bytes(body))} for position, body in rows]


def entries_from(connection: Connection, start: int, most: int) -> list[dict[str, Any]]:
    """Return at most so many entries from a position on, in the order of the log, which has no gaps."""
    query = select(entries.c.position, entries.c.body).where(entries.c.position >= start).order_by(entries.c.position)
    return [{"position": position, **json.loads(bytes(body))} for position, body in connection.execute(query.limit(most))]


def log(connection: Connection) -> Log:
    """Return the log's frontier as it stands, not locked."""
    document = connection.execute(select(logs.c.document).where(logs.c.id == LOG)).scalar_one_or_none()
    return converter.structure(document, Log) if document else Log()


def signed_checkpoints(connection: Connection, since: int = 1) -> list[SignedCheckpoint]:
    """Return every checkpoint from a number on, the first one first."""
    rows = connection.execute(select(checkpoints).where(checkpoints.c.number >= since).order_by(checkpoints.c.number))
    return [
        SignedCheckpoint(
            Checkpoint(row.number, row.size, row.root, row.taken_at, next_key=row.next_key), row.key, row.signature
        )
        for row in rows
    ]


def public_keys(connection: Connection) -> list[bytes]:
    """Return the keys that signed, the first first."""
    rows = connection.execute(select(signing_keys.c.public).order_by(signing_keys.c.first))
    return [bytes.fromhex(public) for public in rows.scalars()]


def postings_of(connection: Connection, account: str | None = None) -> list[Posting]:
    """Return the postings of an account, or of all."""
    return _rows(connection, select(postings).where(postings.c.account == account) if account else select(postings))


def postings_of_transfer(connection: Connection, transfer: str) -> list[Posting]:
    """Return both sides of a transfer; none where there is no such transfer."""
    return _rows(connection, select(postings).where(postings.c.transfer == transfer))


def _rows(connection: Connection, chosen: Select[Any]) -> list[Posting]:
    names = ("transfer", "account", "amount", "cause", "settles")
    return [
        Posting(**{name: row[name] for name in names}, side=Side(row["side"]), state=State(row["state"]))
        for row in connection.execute(chosen.order_by(postings.c.time, postings.c.transfer)).mappings()
    ]
