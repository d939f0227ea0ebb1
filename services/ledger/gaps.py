"""Searching for gaps, lost tails and forks among the entries since the last search, so that appending never reads the past.

What is missing is noted, and gets the time to come; what is still missing then is said, once; and so is it when it came
after all. Whoever looks or says holds the log, so that nothing is appended meanwhile.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, TypedDict

from sqlalchemy import Connection, and_, delete, insert, select, update

from chassis.effects import ArmTimer, DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.timers import TimerFired
from contracts.events.ledger import ForkFound, GapFilled, GapFound
from contracts.events.sequences import Announcement
from services.ledger import store
from services.ledger.domain.rules import Rules
from services.ledger.domain.sequence_comparison import (
    Fork,
    Gap,
    compare_neighbours,
    lost_tail,
    remaining_gaps,
    unknown_parts,
)
from services.ledger.gap_queries import announcements, highest_numbers, suspicious_neighbours, touched_gaps

log = logging.getLogger(__name__)
GAP = "gap"
NOTED, FILLED, FOUND = "noted", "filled", "found"
NAME = 200


class _Numbers(TypedDict):
    """The fields by which an event names a gap."""

    origin: str
    missing_from: int
    missing_to: int


def find_gaps(ctx: HandlerContext, since: int, rules: Rules) -> None:
    """Note the gaps of every source and subject with entries since a position; publish the forks at once."""
    for before, after in list(suspicious_neighbours(ctx.connection, since)):
        found = compare_neighbours(before, after)
        if isinstance(found, Fork):
            _note_fork(found, ctx)
        elif found:
            _note_gap(found, ctx, rules)
    for lost in list(_lost_tails(ctx.connection, since)):
        _note_gap(lost, ctx, rules)
    _publish_filled(ctx, since)


def report_gap(timer: TimerFired, ctx: HandlerContext) -> None:
    """Publish the parts of a gap that are still missing after its time, each once."""
    source, _, first = timer.detail.rpartition(":")
    table = store.gaps
    row = ctx.connection.execute(
        select(table).where(_is(Gap(source, timer.subject, int(first), 0)), table.c.state == NOTED)
    ).one_or_none()
    if row is None:
        return
    noted = Gap(source, timer.subject, row.missing_from, row.missing_to)
    left = remaining_gaps(noted, _present(ctx.connection, noted))
    if not left:
        ctx.connection.execute(update(table).where(_is(noted)).values(state=FILLED))
        return
    # each part that is left is a row of its own, so that it is this part of which it is said that it came
    ctx.connection.execute(delete(table).where(_is(noted)))
    ctx.connection.execute(insert(table), [{**asdict(gap), "noted_at": row.noted_at, "state": FOUND} for gap in left])
    for gap in left:
        ctx.after_commit(partial(log.error, "gap found", extra=_ids(gap)))
        ctx.for_subject(gap.subject).apply(Effects(DomainEvent(GapFound(**_numbers(gap)), gap.subject)))


def _publish_filled(ctx: HandlerContext, since: int) -> None:
    """Publish each published gap that is filled now."""
    for row in touched_gaps(ctx.connection, FOUND, since):
        gap = Gap(row.source, row.subject, row.missing_from, row.missing_to)
        if not remaining_gaps(gap, _present(ctx.connection, gap)):
            ctx.connection.execute(update(store.gaps).where(_is(gap)).values(state=FILLED))
            ctx.after_commit(partial(log.warning, "gap filled", extra=_ids(gap)))
            ctx.for_subject(gap.subject).apply(Effects(DomainEvent(GapFilled(**_numbers(gap)), gap.subject)))


def _lost_tails(connection: Connection, since: int) -> Iterator[Gap]:
    """Yield the gaps between announced and present numbers: one statement for each announcement since a position."""
    for source, body in announcements(connection, since):
        reached = _announced(body)
        highest = highest_numbers(connection, source, reached)
        for subject, last in sorted(reached.items()):
            if lost := lost_tail(source, subject, highest.get(subject, 0), last):
                yield lost


def _announced(body: bytes) -> dict[str, int]:
    """Return the highest number of each subject that an announcement names."""
    payload = store.event_from_body(body).payload
    assert isinstance(payload, Announcement), "chosen by its type"
    return {one.subject: one.last for one in payload.reached}


def _note_fork(fork: Fork, ctx: HandlerContext) -> None:
    table = store.forks
    key = {"source": fork.source, "subject": fork.subject, "sequence": fork.sequence}
    known = select(table.c.sequence).where(*(table.c[name] == value for name, value in key.items()))
    if ctx.connection.execute(known).first():
        return
    ctx.connection.execute(insert(table), {**key, "noted_at": ctx.now})
    ids = {"origin": fork.source, "subject": fork.subject, "number": fork.sequence}
    ctx.after_commit(partial(log.error, "fork found", extra=ids))
    said = ForkFound(origin=fork.source, number=fork.sequence, first=fork.first[:NAME], second=fork.second[:NAME])
    ctx.for_subject(fork.subject).apply(Effects(DomainEvent(said, fork.subject)))


def _note_gap(gap: Gap, ctx: HandlerContext, rules: Rules) -> None:
    """Note the parts of a gap that were not noted before, and start the time to fill them."""
    table = store.gaps
    about = (table.c.source == gap.source, table.c.subject == gap.subject)
    overlapping = (table.c.missing_from <= gap.missing_to, table.c.missing_to >= gap.missing_from)
    rows = ctx.connection.execute(select(table.c.missing_from, table.c.missing_to).where(*about, *overlapping))
    for new in unknown_parts(gap, [Gap(gap.source, gap.subject, *row) for row in rows]):
        ctx.connection.execute(insert(table), {**asdict(new), "noted_at": ctx.now, "state": NOTED})
        ctx.apply(Effects(ArmTimer(new.subject, f"{GAP}:{new.source}:{new.missing_from}", ctx.now + rules.gap_after)))


def _present(connection: Connection, gap: Gap) -> list[int]:
    table = store.entries
    within = table.c.sequence.between(gap.missing_from, gap.missing_to)
    about = (table.c.source == gap.source, table.c.subject == gap.subject)
    return list(connection.execute(select(table.c.sequence).where(*about, within)).scalars())


def _is(gap: Gap) -> Any:
    c = store.gaps.c
    return and_(c.source == gap.source, c.subject == gap.subject, c.missing_from == gap.missing_from)


def _numbers(gap: Gap) -> _Numbers:
    return {"origin": gap.source, "missing_from": gap.missing_from, "missing_to": gap.missing_to}


def _ids(gap: Gap) -> dict[str, Any]:
    return {"origin": gap.source, "subject": gap.subject, "first": gap.missing_from, "last": gap.missing_to}
