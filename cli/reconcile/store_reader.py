"""Reading a snapshot from the four stores by SQL. Metrics and logs are not read."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from chassis.http.idempotency import HANDLER
from chassis.messaging.external_events import OUTSIDE, Digests
from chassis.persistence.engine import new_engine, read_only
from chassis.persistence.errors import translated
from chassis.persistence.tables import ChassisTables
from chassis.runtime.retention import INBOX_MARK
from cli.reconcile.snapshot import InboxKey, LedgerEntry, LogRoot, NoticeRow, OutboxRow, StoreSnapshot, digest_of
from cli.services import definition
from contracts.events.ledger import CheckpointSigned
from contracts.topology import SERVICES
from services.dispatch import store as dispatch
from services.ledger import store as ledger
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.log_comparison import KnownRoot, LogDisagrees
from services.ledger.domain.merkle import Frontier, leaf_hash
from services.ledger.log_monitor import verify_whole_log
from services.notify import store as notify
from services.notify.domain.notice import QUIET
from services.tickets import store as tickets


def read_snapshot(urls: Mapping[str, str], secret: str) -> StoreSnapshot:
    """Return the rows of the four stores. ``urls`` is by service; ``secret`` is the deployment's. Raises StoreUnavailable."""
    said: list[OutboxRow] = []
    taken: dict[InboxKey, str] = {}
    last: dict[tuple[str, str], int] = {}
    removed: dict[tuple[str, str], int] = {}
    cleared: dict[str, datetime] = {}
    own: dict[str, Any] = {}
    readers = {"tickets": _read_tickets, "dispatch": _read_dispatch, "notify": _read_notify, "ledger": _read_ledger}
    for service in SERVICES:
        engine = new_engine(urls[service])
        try:
            with engine.connect() as connection:
                connection = read_only(connection)
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
    return StoreSnapshot(outbox=said, inbox=taken, causes=causes, last=last, removed=removed, cleared=cleared, **own)


def _causes(taken: Mapping[InboxKey, str], digests: Digests) -> dict[InboxKey, str]:
    return {one: digests.cause(one.source, one.id) for one in taken if one.handler in {HANDLER, OUTSIDE}}


def _read_outbox(connection: Connection, service: str, tables: ChassisTables) -> Iterator[OutboxRow]:
    for row in connection.execute(select(tables.outbox).order_by(tables.outbox.c.position)):
        headers = {name.lower(): value for name, value in row.headers.items()}
        cause = headers.get("ce-causationid")
        data = json.loads(bytes(row.body))
        yield OutboxRow(
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


def _read_inbox(connection: Connection, service: str, tables: ChassisTables) -> dict[InboxKey, str]:
    inbox = tables.inbox.c
    rows = connection.execute(select(inbox.handler, inbox.source, inbox.event_id, inbox.state))
    return {InboxKey(service, row.handler, row.source, row.event_id): row.state for row in rows}


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
        "notices": {row.id: NoticeRow(row.ticket, row.document["audience"], row.state) for row in rows},
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
        "entries": [LedgerEntry(*row, digest=digest) for row, digest in zip(rows, digests, strict=True)],
        "kept": LogRoot(kept.size, kept.root()),
        "counted": LogRoot(counted.size, counted.root()),
        "disagreement": _disagreement(connection),
    }


def _recorded(body: bytes) -> bytes | None:
    try:
        return digest_of(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _disagreement(connection: Connection) -> str | None:
    """Compare the log with the checkpoints in its store, in its directory, and in its outbox; return the disagreement."""
    outbox = ledger.DEFINITION.tables.outbox.c
    said = connection.execute(select(outbox.body).where(outbox.type == CheckpointSigned.type)).scalars()
    points = (json.loads(bytes(body)) for body in said)
    published = [KnownRoot(one["size"], one["root"], f"checkpoint.signed {one['number']}") for one in points]
    try:
        verify_whole_log(connection, CheckpointDir.of_environment(), published)
    except LogDisagrees as wrong:
        return str(wrong)
    return None
