"""Delivering: claim, commit, send, record. Outside I/O never happens inside a unit of work.

Each channel has lanes of its own, so that a gateway that hangs holds up nobody else's notices. After a crash between claim and
record the lease runs out, the attempt is unknown, and the notice is sent again with the same idempotency key.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from chassis.clock import BusinessClock
from chassis.failpoints import failpoint
from chassis.nameko import RUNTIME_KEY
from chassis.outcome import Outcome
from chassis.runtime import Runtime
from chassis.store import Store, machine_now
from chassis.work import UnitOfWork, Work
from services.notify import store as tables
from services.notify.config import Config
from services.notify.domain.channels import LOG_ONLY, Channel, Channels
from services.notify.domain.notice import Notice
from services.notify.metrics import NotifyMetrics
from services.notify.sending import NotSent, send

log = logging.getLogger(__name__)

POLL = 0.2
ORPHANS_EVERY = 30.0
NO_CHANNEL = "no_channel"

Send = Callable[[Channel, Notice], None]


class Watch(Protocol):
    """What deliveries report to the metrics."""

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """An attempt ended: sent, or the failure's code."""


@dataclass
class Pace:
    """At most so many a minute, evenly, by this process. ``None`` is no bound."""

    per_minute: int | None
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def take(self, most: int) -> int:
        """How many may go now: none, or ``most``, which are then counted."""
        if self.per_minute is None:
            return most
        now = self.clock()
        if now < self._next:
            return 0
        self._next = now + most * 60.0 / self.per_minute
        return most


@dataclass(frozen=True)
class _Ended:
    """What an attempt came to; ``reason`` is None where it was sent."""

    id: str
    attempt: int
    reason: str | None
    permanent: bool


@dataclass
class Deliverer:
    """Sends what is due. `step` is what a lane repeats."""

    store: Store
    clock: BusinessClock
    source: str
    channels: Channels
    watch: Watch
    send: Send = send

    def step(self, channel: Channel, pace: Pace) -> int:
        """One batch of a channel; answers how many notices it had. Raises StoreUnavailable."""
        if not tables.anything_due(self.store, channel.name, machine_now()):
            return 0
        allowed = pace.take(channel.batch)
        claimed = self._claim(channel, allowed) if allowed else []
        if not claimed:
            return 0
        failpoint("notify.claimed")
        ended = [self._attempt(channel, notice) for notice in claimed]
        failpoint("notify.sent")
        self._record(ended)
        return len(claimed)

    def orphans(self) -> int:
        """A notice whose channel the deployment no longer has is exhausted, with its alert."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, machine_now(), 50, without=tuple(self.channels.channels))
            unit.lock(Notice, ids)
            for id_ in ids:
                notice = self._begun(unit, id_, timedelta(), machine_now())
                self._say(unit, notice, self._ending(notice, _Ended(id_, notice.attempts, NO_CHANNEL, True)))
            unit.flush()
        return len(ids)

    def _claim(self, channel: Channel, most: int) -> Sequence[Notice]:
        now = machine_now()
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, now, most, channel=channel.name)
            unit.lock(Notice, ids)
            claimed = [self._begun(unit, id_, channel.lease(self.channels.margin), now) for id_ in ids]
            unit.flush()
        # one that was not to be claimed after all is not ours to send
        return [notice for notice in claimed if notice.next_at == now + channel.lease(self.channels.margin)]

    def _begun(self, unit: UnitOfWork, id_: str, lease: timedelta, now: datetime) -> Notice:
        notice = unit.find(Notice, id_)
        assert notice is not None
        self._say(unit, notice, notice.claim(self.channels.retries, lease, now))
        return notice

    def _attempt(self, channel: Channel, notice: Notice) -> _Ended:
        began = time.monotonic()
        try:
            self.send(channel, notice)
            ended = _Ended(notice.id, notice.attempts, None, False)
        except NotSent as wrong:
            final = wrong.status is not None and self.channels.final(wrong.status)
            ended = _Ended(notice.id, notice.attempts, wrong.reason, final)
        self.watch.attempted(channel.name, "failed" if ended.reason else "sent", time.monotonic() - began)
        return ended

    def _record(self, ended: Sequence[_Ended]) -> None:
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            unit.lock(Notice, [one.id for one in ended])
            for one in ended:
                notice = unit.find(Notice, one.id)
                if notice is not None:
                    self._say(unit, notice, self._ending(notice, one))
            unit.flush()

    def _ending(self, notice: Notice, one: _Ended) -> Outcome:
        if one.reason is None:
            return notice.sent(one.attempt)
        return notice.failed(one.attempt, one.reason, one.permanent, self.channels.retries, machine_now())

    def _say(self, unit: UnitOfWork, notice: Notice, outcome: Outcome) -> None:
        Work(unit, self.clock.now(), notice.ticket, None).apply(outcome)
        for happened in outcome.events:
            if "attempts" in happened.data:
                ids = {"notice": notice.id, "ticket": notice.ticket, "attempts": notice.attempts, "reason": notice.reason}
                log.error("a notice is exhausted: somebody must tell them another way", extra=ids)


class Delivery(Config):
    """Runs a channel's lanes beside the runtime's other loops."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        channels = self.configured.channels
        if channels is LOG_ONLY:
            log.warning("no channels.yaml: every notice goes to the log, and nobody is told")
        metrics = NotifyMetrics(runtime.registry)
        deliverer = Deliverer(runtime.store, runtime.clock, runtime.definition.source, channels, metrics)
        for channel in channels.channels.values():
            pace = Pace(channel.per_minute)
            for lane in range(1, channel.at_once + 1):
                runtime.add_loop(f"deliver:{channel.name}:{lane}", partial(deliverer.step, channel, pace), POLL)
        runtime.add_loop("deliver:orphans", deliverer.orphans, ORPHANS_EVERY)
