"""Storing messages that the bus dead-lettered as dead letters in the inbox, where `whistle dead` lists them.

The broker dead-letters a message that was delivered too often (`DELIVERY_LIMIT` of `chassis.messaging.amqp.topology`) or that
somebody else's tool rejected. Many of them were applied long ago and only their ack was lost; these are not stored again.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from chassis.inbox.inbox import Inbox
from chassis.inbox.inbox_records import derived_id, inbox_record, reason, unreadable_record
from chassis.messaging.bus import DeadLetteredMessage
from chassis.persistence.statements import dialect_insert
from chassis.persistence.tables import APPLIED, DEAD

log = logging.getLogger(__name__)
KEPT, KNOWN = "kept", "known"


def keep(inbox: Inbox, messages: Sequence[DeadLetteredMessage]) -> None:
    """Store each message as a dead letter, once, unless its event was applied. Raises StoreUnavailable."""
    rows = [_row(inbox, one) for one in messages]
    with inbox.store.transaction() as connection:
        for row in rows:
            inbox.store.after_commit(connection, partial(_report, inbox, row, _keep(inbox, connection, row)))


def _report(inbox: Inbox, row: dict[str, Any], outcome: str) -> None:
    inbox.watch.dead_lettered(inbox.handler, outcome)
    if outcome == KEPT:
        log.error("dead letter: %s", row["reason"], extra={"handler": inbox.handler, "digest": row["digest"]})


def _row(inbox: Inbox, one: DeadLetteredMessage) -> dict[str, Any]:
    try:
        event = inbox.read(one.message)
    except Exception as wrong:  # reading does no I/O: any exception is caused by this message
        return unreadable_record(inbox.handler, one.message, f"{reason(wrong)}; {one.why}")
    return inbox_record(inbox.handler, one.message, event, DEAD, 0, one.why)


def _keep(inbox: Inbox, connection: Connection, row: dict[str, Any]) -> str:
    """Return the outcome: kept (stored as a dead letter), known (in the inbox and not applied) or applied."""
    if _insert(inbox, connection, row):
        return KEPT
    table = inbox.store.tables.inbox.c
    first = connection.execute(
        select(table.state, table.digest).where(
            table.handler == row["handler"], table.source == row["source"], table.event_id == row["event_id"]
        )
    ).one()
    if first.digest == row["digest"]:
        return APPLIED if first.state == APPLIED else KNOWN
    # the id was used before with another body: the existing row is another event, so this message was not applied
    return KEPT if _insert(inbox, connection, row | {"event_id": derived_id(row["event_id"], row["digest"])}) else KNOWN


def _insert(inbox: Inbox, connection: Connection, row: dict[str, Any]) -> bool:
    table = inbox.store.tables.inbox
    insert = dialect_insert(connection)(table).values(**row).on_conflict_do_nothing()
    return connection.execute(insert.returning(table.c.event_id)).first() is not None
