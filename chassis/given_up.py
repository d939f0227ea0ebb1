"""What the bus gave up becomes a dead letter in the inbox, where `whistle dead` finds it; unless it had its effect already.

The broker gives up what was delivered too often (`chassis.bus.amqp.topology.DELIVERY_LIMIT`) or rejected by somebody else's
tool. Much of it was taken in long ago, and only its ack was lost.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from chassis.bus import GivenUp
from chassis.inbox import Inbox
from chassis.keeping import beside, insert_ignoring, reason, row_of, unreadable_row
from chassis.store.tables import APPLIED, DEAD

log = logging.getLogger(__name__)
KEPT, KNOWN = "kept", "known"


def keep(inbox: Inbox, given_up: Sequence[GivenUp]) -> None:
    """Keep each message as a dead letter, once, and none that is applied. Raises StoreUnavailable."""
    rows = [_row(inbox, one) for one in given_up]
    with inbox.store.transaction() as connection:
        for row in rows:
            inbox.store.after_commit(connection, partial(_report, inbox, row, _keep(inbox, connection, row)))


def _report(inbox: Inbox, row: dict[str, Any], outcome: str) -> None:
    inbox.watch.given_up(inbox.handler, outcome)
    if outcome == KEPT:
        log.error("dead letter: %s", row["reason"], extra={"handler": inbox.handler, "digest": row["digest"]})


def _row(inbox: Inbox, one: GivenUp) -> dict[str, Any]:
    try:
        event = inbox.read(one.message)
    except Exception as wrong:  # reading does no I/O: whatever it raises is this message's own fault
        return unreadable_row(inbox.handler, one.message, f"{reason(wrong)}; {one.why}")
    return row_of(inbox.handler, one.message, event, DEAD, 0, one.why)


def _keep(inbox: Inbox, connection: Connection, row: dict[str, Any]) -> str:
    """Answers what became of it: kept, known (it is in the inbox and not applied), or applied."""
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
    # the id was used before with another body: that is not what was applied
    return KEPT if _insert(inbox, connection, row | {"event_id": beside(row["event_id"], row["digest"])}) else KNOWN


def _insert(inbox: Inbox, connection: Connection, row: dict[str, Any]) -> bool:
    table = inbox.store.tables.inbox
    insert = insert_ignoring(connection)(table).values(**row).on_conflict_do_nothing()
    return connection.execute(insert.returning(table.c.event_id)).first() is not None
