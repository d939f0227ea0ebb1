"""Delivering: claim, commit, send, record. Outside I/O never happens inside a unit of work.

Each channel has lanes of its own, so that a gateway that hangs holds up nobody else's notices. After a crash between claim and
record the lease runs out, the attempt is unknown, and the notice is sent again with the same idempotency key.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from chassis.clock import BusinessClock
from chassis.effects import DomainEvent, Effects
from chassis.failpoints import failpoint
from chassis.handler_context import HandlerContext
from chassis.persistence import Store, machine_now
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from chassis.unit_of_work import UnitOfWork
from contracts.events.notify import NotificationExhausted
from services.notify import store as tables
from services.notify.config import Config
from services.notify.domain.attempts import Failure
from services.notify.domain.channels import LOG_ONLY, Channel, Channels, kind_of
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.obsolescence import superseding
from services.notify.metrics import NotifyMetrics
from services.notify.routing import contacts_for, ways_to
from services.notify.sending import NotSent, make_ready, send

log = logging.getLogger(__name__)

POLL = 0.2
ORPHANS_EVERY = 30.0

Send = Callable[[Channel, Notice, Channels], None]


class Watch(Protocol):
    """What deliveries report to the metrics."""

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """An attempt ended: sent, or failed."""

    def happened(self, events: Iterable[DomainEvent]) -> None:
        """It was said what notices came to, and is committed."""


@dataclass(frozen=True)
class _Ended:
    """What an attempt came to; ``failure`` is None where it was sent."""

    id: str
    attempt: int
    failure: Failure | None


@dataclass
class Deliverer:
    """Sends what is due. `step` is what a lane repeats."""

    store: Store
    clock: BusinessClock
    source: str
    channels: Channels
    watch: Watch
    send: Send = send
    region: str = "CN"
    """The country of telephone numbers without a country code."""

    def step(self, channel: Channel) -> int:
        """One batch of a channel; answers how many notices it looked at. Raises StoreUnavailable."""
        if not tables.anything_due(self.store, channel.name, machine_now()):
            return 0
        looked_at, claimed = self._claim(channel)
        if claimed:
            failpoint("notify.claimed")
            ended = [self._attempt(channel, notice) for notice in claimed]
            failpoint("notify.sent")
            self._record(channel, ended)
        return looked_at

    def orphans(self) -> int:
        """A notice whose channel the deployment no longer has takes its present route, or is exhausted with its alert."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, machine_now(), 50, without=tuple(self.channels.channels))
            unit.lock(Notice, ids)
            notices = self._found(unit, ids)
            contacts = contacts_for(connection, notices)
            for notice in notices:
                self._say(unit, notice, self._begin(None, notice, contacts, machine_now()))
            unit.flush()
        return len(ids)

    def _claim(self, channel: Channel) -> tuple[int, Sequence[Notice]]:
        """How many were due, and those that are ours to send: not the held ones, nor those whose time ran out."""
        now, claimed = machine_now(), list[Notice]()
        with self.store.transaction() as connection:
            if channel.pace and not tables.take_pace(connection, channel.name, channel.pace, now):
                return 0, ()
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, now, channel.batch, channel=channel.name)
            unit.lock(Notice, ids)
            notices = self._found(unit, ids)
            contacts = contacts_for(connection, notices)
            for notice in notices:
                before = notice.attempts
                self._say(unit, notice, self._begin(channel, notice, contacts, now))
                claimed += [notice] * (notice.attempts > before)
            unit.flush()
        return len(ids), claimed

    def _begin(self, channel: Channel | None, notice: Notice, contacts: Mapping[str, Contact], now: datetime) -> Effects:
        """Begin an attempt by the recipient's present route, unless the notice is pointless by now."""
        known = contacts.get(notice.origin or notice.ticket)
        facts = known.facts if known else ()
        found = superseding(notice.template, notice.audience, notice.sequence, notice.values, facts)
        if found is not None:
            cancelled = notice.cancel(found[0].event, found[1], now)
            if cancelled:
                return cancelled
        quiet_until = self.channels.quiet.until(kind_of(notice.audience), notice.urgent, self.clock.now())
        ways = ways_to(notice, contacts, self.channels.routes, self.region)
        lease = channel.lease(self.channels.margin) if channel else timedelta()
        return notice.claim(self.channels.retries, lease, now, quiet_until, ways)

    def _attempt(self, channel: Channel, notice: Notice) -> _Ended:
        began, failure = time.monotonic(), None
        try:
            self.send(channel, notice, self.channels)
        except NotSent as wrong:
            failure = wrong.failure
        self.watch.attempted(channel.name, "failed" if failure else "sent", time.monotonic() - began)
        return _Ended(notice.id, notice.attempts, failure)

    def _record(self, channel: Channel, ended: Sequence[_Ended]) -> None:
        attempts = {one.id: one for one in ended}
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            unit.lock(Notice, list(attempts))
            for notice in self._found(unit, attempts):
                self._say(unit, notice, self._ending(channel, notice, attempts[notice.id]))
            unit.flush()

    def _ending(self, channel: Channel, notice: Notice, one: _Ended) -> Effects:
        if one.failure is None:
            return notice.sent(one.attempt, channel.receipts, machine_now())
        return notice.failed(one.attempt, one.failure, self.channels.retries, machine_now())

    def _found(self, unit: UnitOfWork, ids: Iterable[str]) -> list[Notice]:
        return [notice for id_ in ids if (notice := unit.find(Notice, id_)) is not None]

    def _say(self, unit: UnitOfWork, notice: Notice, outcome: Effects) -> None:
        """Say what a notice came to; it is counted, and alerted, once that is committed."""
        HandlerContext(unit, self.clock.now(), notice.ticket, None).apply(outcome)
        unit.after_commit(partial(self.watch.happened, outcome.events))
        unit.after_commit(partial(alert, outcome.events))


def alert(events: Iterable[DomainEvent]) -> None:
    """The alert of an exhausted notice."""
    for happened in events:
        said = happened.payload
        if isinstance(said, NotificationExhausted):
            ids = {"notice": said.notice, "audience": said.audience, "attempts": said.attempts, "reason": said.reason}
            log.error("a notice is exhausted: somebody must tell them another way", extra={**ids, "ticket": happened.subject})


class Delivery(Config):
    """Runs a channel's lanes beside the runtime's other loops. A worker sees what counts its receipts."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        channels = self.configured.channels
        if channels is LOG_ONLY:
            log.warning("no channels.yaml: every notice goes to the log, and nobody is told")
        make_ready(channels.channels.values())
        self.metrics = NotifyMetrics(runtime.registry)
        source, region = runtime.definition.source, self.configured.region
        deliverer = Deliverer(runtime.store, runtime.clock, source, channels, self.metrics, region=region)
        for channel in channels.channels.values():
            for lane in range(1, channel.at_once + 1):
                runtime.add_loop(f"deliver:{channel.name}:{lane}", partial(deliverer.step, channel), POLL, after_intake=True)
        runtime.add_loop("deliver:orphans", deliverer.orphans, ORPHANS_EVERY)

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.metrics
