"""Taking a checkpoint: sign size and root of the log, keep and publish the signature."""

import logging
import math
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from chassis.effects import DomainEvent, Effects, Refused
from chassis.handler_context import HandlerContext
from chassis.persistence.statements import dialect_insert
from contracts.events.ledger import CheckpointSigned
from services.ledger import store
from services.ledger.domain.checkpoint import Checkpoint, SignedCheckpoint, Signer, key_id
from services.ledger.log_monitor import LogMonitor
from services.ledger.store import LOG, Log

logger = logging.getLogger(__name__)

CHECKPOINT_EVERY = timedelta(hours=1)


class KeyRetired(Refused):
    """Raised for a signing key that has handed over to another: verifiers would refuse everything it signs now."""


def next_checkpoint(now: datetime) -> datetime:
    """Return the next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + CHECKPOINT_EVERY


def take_checkpoint(
    ctx: HandlerContext, signer: Signer, at: datetime, monitor: LogMonitor, next_key: bytes | None = None
) -> SignedCheckpoint:
    """Sign one more checkpoint, dated ``at`` by the clock; with ``next_key`` the last of this signer.

    Raises KeyRetired, and LogDisagrees where the stored log is not the one that ``monitor`` knows: it is not signed then.
    Checkpoints are ordered by their numbers. Where the clock was set back since the last one, that is recorded.
    """
    log = store.get_or_add(ctx, Log, LOG)
    key = key_id(signer.public)
    _must_count(ctx, key)
    if next_key:
        _must_count(ctx, key_id(next_key))
        if next_key == signer.public:
            raise Refused("key: a key cannot hand over to itself")
    monitor.check(ctx.connection, log, monitor.remember(), since_checkpoint=True)
    log.checkpoints += 1
    back = max(log.taken_at - at, timedelta()) if log.taken_at else timedelta()
    if back:
        log.clock_steps += 1
        logger.warning("clock set back", extra={"checkpoint": log.checkpoints, "seconds": back.total_seconds()})
    log.taken_at, log.checkpointed = at, log.frontier.copy()
    handed = next_key.hex() if next_key else None
    signed = signer.sign(Checkpoint(log.checkpoints, log.frontier.size, log.frontier.root(), at, next_key=handed))
    point = signed.checkpoint
    kept = {"number": point.number, "size": point.size, "root": point.root, "taken_at": point.taken_at}
    kept |= {"key": signed.key, "signature": signed.signature, "next_key": handed}
    ctx.insert(store.checkpoints, kept)
    row = {"id": key, "public": signer.public.hex(), "first": point.number}
    ctx.connection.execute(dialect_insert(ctx.connection)(store.signing_keys).on_conflict_do_nothing(), row)
    said = CheckpointSigned(
        size=point.size,
        root=point.root,
        taken_at=point.taken_at,
        number=point.number,
        key=signed.key,
        signature=signed.signature,
        next_key=handed,
        clock_back_seconds=math.ceil(back.total_seconds()) if back else None,
    )
    ctx.for_subject(LOG).apply(Effects(DomainEvent(said, LOG)))
    ctx.after_commit(partial(monitor.published, signed, log.checkpointed.copy()))
    return signed


def _must_count(ctx: HandlerContext, key: str) -> None:
    c = store.checkpoints.c
    retired = select(c.number).where(c.key == key, c.next_key.is_not(None))
    if (number := ctx.connection.execute(retired).scalar()) is not None:
        raise KeyRetired(f"key: {key} was retired by checkpoint {number}, which names the next one")
