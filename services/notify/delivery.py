"""Delivery: claim a notice, commit, send it, record the result. Outside I/O never happens inside a unit of work.

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
from chassis.runtime.providers import ConfigProvider
from chassis.runtime.runtime import Runtime
from chassis.unit_of_work import UnitOfWork
from contracts.events.notify import NotificationExhausted
from services.notify import store as tables
from services.notify.config import NotifyConfig
from services.notify.domain.attempts import Failure
from services.notify.domain.channels import LOG_ONLY, Channel, Channels, recipient_kind
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.superseder_search import find_superseding
from services.notify.metrics import NotifyMetrics
from services.notify.recipient_addresses import addresses_for, contacts_by_ticket
from services.notify.transport.sender import NotSent, preload, send

log = logging.getLogger(__name__)

POLL = 0.2
ORPHANS_EVERY = 30.0

Send = Callable[[Channel, Notice, Channels], None]


class DeliveryObserver(Protocol):
    """The interface by which deliveries report to the metrics."""

    def attempted(self, channel: str, outcome: str, seconds: float) -> None:
        """Count an attempt that ended: sent, or failed."""

    def happened(self, events: Iterable[DomainEvent]) -> None:
        """Count the published outcomes of notices, after the commit."""


@dataclass(frozen=True)
class _AttemptResult:
    """The result of an attempt; ``failure`` is None for a sent one."""

    id: str
    attempt: int
    failure: Failure | None


@dataclass
class Deliverer:
    """Sends the notices that are due. A worker calls `step` again and again."""

    store: Store
    clock: BusinessClock
    source: str
    channels: Channels
    observer: DeliveryObserver
    send: Send = send
    region: str = "CN"
    """The ISO 3166 code of the country of telephone numbers without a country code."""

    def step(self, channel: Channel) -> int:
        """Process one batch of a channel. Return how many notices were due. Raises StoreUnavailable."""
        if not tables.any_due(self.store, channel.name, machine_now()):
            return 0
        looked_at, claimed = self._claim(channel)
        if claimed:
            failpoint("notify.claimed")
            ended = [self._attempt(channel, notice) for notice in claimed]
            failpoint("notify.sent")
            self._record(channel, ended)
        return looked_at

    def reroute_orphans(self) -> int:
        """Move the notices of channels that the deployment no longer has to their present route, or exhaust them."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, machine_now(), 50, without=tuple(self.channels.channels))
            unit.lock(Notice, ids)
            notices = self._found(unit, ids)
            contacts = contacts_by_ticket(connection, notices)
            for notice in notices:
                self._apply(unit, notice, self._begin(None, notice, contacts, machine_now()))
            unit.flush()
        return len(ids)

    def _claim(self, channel: Channel) -> tuple[int, Sequence[Notice]]:
        """Return the number of due notices, and those claimed for sending: neither held nor cancelled nor exhausted ones."""
        now, claimed = machine_now(), list[Notice]()
        with self.store.transaction() as connection:
            if channel.rate_limit and not tables.take_rate_slot(connection, channel.name, channel.rate_limit, now):
                return 0, ()
            unit = UnitOfWork(self.store, connection, self.source)
            ids = tables.claimable(connection, now, channel.batch, channel=channel.name)
            unit.lock(Notice, ids)
            notices = self._found(unit, ids)
            contacts = contacts_by_ticket(connection, notices)
            for notice in notices:
                before = notice.attempts
                self._apply(unit, notice, self._begin(channel, notice, contacts, now))
                claimed += [notice] * (notice.attempts > before)
            unit.flush()
        return len(ids), claimed

    def _begin(self, channel: Channel | None, notice: Notice, contacts: Mapping[str, Contact], now: datetime) -> Effects:
        """Begin an attempt by the recipient's present route, unless the notice is obsolete by now."""
        known = contacts.get(notice.origin or notice.ticket)
        facts = known.facts if known else ()
        found = find_superseding(notice.template, notice.audience, notice.sequence, notice.values, facts)
        if found is not None:
            cancelled = notice.cancel(found[0].event, found[1], now)
            if cancelled:
                return cancelled
        quiet_until = self.channels.quiet.until(recipient_kind(notice.audience), notice.urgent, self.clock.now())
        ways = addresses_for(notice, contacts, self.channels.routes, self.region)
        lease = channel.lease(self.channels.margin) if channel else timedelta()
        return notice.claim(self.channels.retries, lease, now, quiet_until, ways)

    def _attempt(self, channel: Channel, notice: Notice) -> _AttemptResult:
        began, failure = time.monotonic(), None
        try:
            self.send(channel, notice, self.channels)
        except NotSent as wrong:
            failure = wrong.failure
        self.observer.attempted(channel.name, "failed" if failure else "sent", time.monotonic() - began)
        return _AttemptResult(notice.id, notice.attempts, failure)

    def _record(self, channel: Channel, ended: Sequence[_AttemptResult]) -> None:
        attempts = {one.id: one for one in ended}
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, self.source)
            unit.lock(Notice, list(attempts))
            for notice in self._found(unit, attempts):
                self._apply(unit, notice, self._outcome_of(channel, notice, attempts[notice.id]))
            unit.flush()

    def _outcome_of(self, channel: Channel, notice: Notice, one: _AttemptResult) -> Effects:
        if one.failure is None:
            return notice.sent(one.attempt, channel.receipts, machine_now())
        return notice.failed(one.attempt, one.failure, self.channels.retries, machine_now())

    def _found(self, unit: UnitOfWork, ids: Iterable[str]) -> list[Notice]:
        return [notice for id_ in ids if (notice := unit.find(Notice, id_)) is not None]

    def _apply(self, unit: UnitOfWork, notice: Notice, outcome: Effects) -> None:
        """Apply the outcome of a notice. Metrics and alerts follow after the commit."""
        HandlerContext(unit, self.clock.now(), notice.ticket, None).apply(outcome)
        unit.after_commit(partial(self.observer.happened, outcome.events))
        unit.after_commit(partial(alert, outcome.events))


def alert(events: Iterable[DomainEvent]) -> None:
    """Log the alert of an exhausted notice."""
    for happened in events:
        said = happened.payload
        if isinstance(said, NotificationExhausted):
            ids = {"notice": said.notice, "audience": said.audience, "attempts": said.attempts, "reason": said.reason}
            log.error("a notice is exhausted: somebody must tell them another way", extra={**ids, "ticket": happened.subject})


class DeliveryWorkers(ConfigProvider[NotifyConfig]):
    """A dependency that runs each channel's workers as loops of the runtime, and gives handlers the metrics."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        channels = self.configured.channels
        if channels is LOG_ONLY:
            log.warning("no channels.yaml: every notice goes to the log, and nobody is told")
        preload(channels.channels.values())
        self.metrics = NotifyMetrics(runtime.registry)
        source, region = runtime.definition.source, self.configured.region
        deliverer = Deliverer(runtime.store, runtime.clock, source, channels, self.metrics, region=region)
        for channel in channels.channels.values():
            for lane in range(1, channel.at_once + 1):
                runtime.add_loop(f"deliver:{channel.name}:{lane}", partial(deliverer.step, channel), POLL, after_intake=True)
        runtime.add_loop("deliver:orphans", deliverer.reroute_orphans, ORPHANS_EVERY)

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.metrics
