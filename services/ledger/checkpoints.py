"""Taking a checkpoint: sign size and root of the log, keep it and say it."""

import logging
import math
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from chassis.inbox import insert_ignoring
from chassis.outcome import Happened, Outcome, Refused
from chassis.work import Work
from contracts.events.ledger import CheckpointSigned
from services.ledger import store
from services.ledger.domain.checkpoint import Checkpoint, Signed, Signer, key_id
from services.ledger.monitor import LogMonitor
from services.ledger.store import LOG, Log

logger = logging.getLogger(__name__)


class KeyRetired(Refused):
    """The signing key has handed over to another: what it signed now would be refused by whoever verifies, for ever."""


def take(work: Work, signer: Signer, at: datetime, monitor: LogMonitor, next_key: bytes | None = None) -> Signed:
    """Sign one more checkpoint, dated ``at`` by the clock; with ``next_key`` the last of this signer.

    Raises KeyRetired, and LogDisagrees where the stored log is not the one that ``monitor`` knows: it is not signed then.
    Checkpoints are ordered by their numbers. Where the clock was set back since the last one, that is recorded.
    """
    log = store.found(work, Log, LOG)
    key = key_id(signer.public)
    _must_count(work, key)
    if next_key:
        _must_count(work, key_id(next_key))
        if next_key == signer.public:
            raise Refused("key: a key cannot hand over to itself")
    monitor.check(work.connection, log, monitor.remember(), since_checkpoint=True)
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
    work.insert(store.checkpoints, kept)
    row = {"id": key, "public": signer.public.hex(), "first": point.number}
    work.connection.execute(insert_ignoring(work.connection)(store.signing_keys).on_conflict_do_nothing(), row)
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
    work.for_subject(LOG).apply(Outcome(Happened(said, LOG)))
    work.after_commit(partial(monitor.published, signed, log.checkpointed.copy()))
    return signed


def _must_count(work: Work, key: str) -> None:
    c = store.checkpoints.c
    retired = select(c.number).where(c.key == key, c.next_key.is_not(None))
    if (number := work.connection.execute(retired).scalar()) is not None:
        raise KeyRetired(f"key: {key} was retired by checkpoint {number}, which names the next one")
