"""Looking for holes and forks: one look over all that came since the last, so that appending never asks about the past."""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from chassis.outcome import Arm, Happened, Outcome
from chassis.timers import Ringing
from chassis.work import Work
from contracts.events.ledger import ForkFound, GapFound
from services.ledger import store
from services.ledger.domain.gaps import Fork, Hole, Numbered, between, still_missing
from services.ledger.domain.rules import Rules

log = logging.getLogger(__name__)
GAP = "gap"
NOTED, FILLED, FOUND = "noted", "filled", "found"
NAME = 200


def look(work: Work, since: int, rules: Rules) -> None:
    """Note the holes of every source and subject that was heard of since a position; say the forks at once."""
    for before, after in list(_suspicious(work.connection, since)):
        found = between(before, after)
        if isinstance(found, Fork):
            _note_fork(found, work)
        elif found:
            _note_hole(found, work, rules)


def ring(ringing: Ringing, work: Work) -> None:
    """The time to fill a hole is over: what is still missing is said, once."""
    source, _, first = ringing.detail.rpartition(":")
    table = store.gaps
    key = and_(table.c.source == source, table.c.subject == ringing.subject, table.c.missing_from == int(first))
    row = work.connection.execute(select(table).where(key, table.c.state == NOTED).with_for_update()).one_or_none()
    if row is None:
        return
    noted = Hole(source, ringing.subject, row.missing_from, row.missing_to)
    left = still_missing(noted, _present(work.connection, noted))
    work.connection.execute(update(table).where(key).values(state=FOUND if left else FILLED))
    for hole in left:
        log.error("gap found", extra={"origin": source, "subject": hole.subject, "first": hole.missing_from})
        missing = {"origin": source, "missing_from": hole.missing_from, "missing_to": hole.missing_to}
        work.apply(Outcome(Happened(GapFound, hole.subject, missing)))


def _suspicious(connection: Connection, since: int) -> Iterator[tuple[Numbered | None, Numbered]]:
    """The neighbours that do not follow each other: the database compares them, in one statement."""
    c = store.entries.c
    touched = select(c.source, c.subject).where(c.position >= since).distinct().subquery()
    window: dict[str, Any] = {"partition_by": (c.source, c.subject), "order_by": (c.sequence, c.event_id)}
    neighbours = (
        select(
            *(c.source, c.subject, c.sequence, c.event_id, c.type),
            func.lag(c.sequence).over(**window).label("before"),
            func.lag(c.event_id).over(**window).label("before_id"),
            func.lag(c.type).over(**window).label("before_type"),
        )
        .join(touched, and_(touched.c.source == c.source, touched.c.subject == c.subject))
        .subquery()
    )
    broken = neighbours.c.sequence != func.coalesce(neighbours.c.before, 0) + 1
    for row in connection.execute(select(neighbours).where(broken)):
        after = Numbered(row.source, row.subject, row.sequence, row.event_id, row.type)
        before = Numbered(row.source, row.subject, row.before, row.before_id, row.before_type) if row.before_id else None
        yield before, after


def _note_fork(fork: Fork, work: Work) -> None:
    table = store.forks
    key = {"source": fork.source, "subject": fork.subject, "sequence": fork.sequence}
    known = select(table.c.sequence).where(*(table.c[name] == value for name, value in key.items()))
    if work.connection.execute(known).first():
        return
    work.connection.execute(insert(table), {**key, "noted_at": work.now})
    log.error("fork found", extra={"origin": fork.source, "subject": fork.subject, "number": fork.sequence})
    said = {"origin": fork.source, "number": fork.sequence, "first": fork.first[:NAME], "second": fork.second[:NAME]}
    work.for_subject(fork.subject).apply(Outcome(Happened(ForkFound, fork.subject, said)))


def _note_hole(hole: Hole, work: Work, rules: Rules) -> None:
    """A hole that lies in one that was noted before is what is left of it, and is waited for already."""
    table = store.gaps
    about = (table.c.source == hole.source, table.c.subject == hole.subject)
    around = (table.c.missing_from <= hole.missing_from, table.c.missing_to >= hole.missing_to)
    if work.connection.execute(select(table.c.missing_from).where(*about, *around)).first():
        return
    row = {**asdict(hole), "noted_at": work.now, "state": NOTED}
    work.connection.execute(insert(table), row)
    work.apply(Outcome(Arm(hole.subject, f"{GAP}:{hole.source}:{hole.missing_from}", work.now + rules.gap_after)))


def _present(connection: Connection, hole: Hole) -> list[int]:
    table = store.entries
    within = table.c.sequence.between(hole.missing_from, hole.missing_to)
    about = (table.c.source == hole.source, table.c.subject == hole.subject)
    return list(connection.execute(select(table.c.sequence).where(*about, within)).scalars())
