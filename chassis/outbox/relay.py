"""The relay publishes the events of the outbox in order and marks those that the broker confirmed.

Each store has one leader; see `chassis.persistence.leader_election`. If the leader dies between the confirm and the mark, the
next leader publishes these events again; their consumers recognise them by id.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, update

from chassis.backoff import Backoff, Failures
from chassis.failpoints import failpoint
from chassis.messaging.bus import BusUnavailable, Letter, Publisher
from chassis.messaging.cloudevents_codec import JSON, Message
from chassis.persistence import Store, StoreUnavailable, machine_now
from chassis.persistence.leader_election import LeaderElection, leader_election
from chassis.persistence.statements import marking_published, pending_events
from chassis.persistence.tables import PARKED

log = logging.getLogger(__name__)

BATCH = 500
MAX_WINDOW = 5000
"""The most events published under one window of confirms after many events were nacked."""
BACKOFF = Backoff(first=0.2, longest=5.0)
KEEP_ALIVE_EVERY = 0.25


class RelayWatch(Protocol):
    """The metrics that the relay reports to."""

    def leading(self, leads: bool) -> None:
        """Record whether this process is the leader."""

    def published(self, confirmed: int, returned: int, nacked: int) -> None:
        """Count a published batch: events confirmed, events returned and parked, events nacked and left pending."""


class Relay:
    """The relay of one store. It runs until it is stopped, through every outage of broker and store."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        mandatory: Callable[[str], bool],
        watch: RelayWatch,
        on_state: Callable[[str | None], None],
        batch: int = BATCH,
        poll: float = 1.0,
    ):
        self._store, self._publisher, self._mandatory = store, publisher, mandatory
        self._watch, self._on_state = watch, on_state
        self._batch, self._poll, self._failures = batch, poll, Failures(BACKOFF)
        self._nacked = 0

    def run(self, stop: threading.Event) -> None:
        """Lead, or wait to lead. When stopped, publish the pending events if possible, and return."""
        while not stop.is_set():
            try:
                with leader_election(self._store) as session:
                    if not self._lead(session, stop):
                        break
                    self._watch.leading(True)
                    self._work(session, stop)
            except (StoreUnavailable, BusUnavailable) as wrong:
                log.warning("relay: %s", wrong)
                self._on_state(str(wrong))
                stop.wait(self._failures.failed())
            finally:
                self._watch.leading(False)
        self._publisher.close()

    def _lead(self, session: LeaderElection, stop: threading.Event) -> bool:
        while not session.lead():
            self._on_state(None)
            if stop.wait(self._poll):
                return False
        return True

    def _work(self, session: LeaderElection, stop: threading.Event) -> None:
        while True:
            stopping = stop.is_set()  # read before the query, so that events committed before the stop are published
            count = self.publish_pending(session)
            if self._nacked:
                self._on_state(f"the broker nacked {self._nacked} events, which are published again")
                if stopping or stop.wait(self._failures.failed()):
                    return
                continue
            self._failures.succeeded()
            self._on_state(None)
            if count == self._batch:
                continue
            if stopping:
                return
            self._wait(session, stop)

    def _wait(self, session: LeaderElection, stop: threading.Event) -> None:
        """Wait until a commit of any replica wakes the relay or the poll is due. A stop is noticed within `KEEP_ALIVE_EVERY`
        seconds."""
        end = time.monotonic() + self._poll
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            self._publisher.keep_alive()
            if session.wait(min(KEEP_ALIVE_EVERY, left)):
                return

    def publish_pending(self, session: LeaderElection) -> int:
        """Publish one batch and mark it. Return how many rows it had. The session must lead.

        A nacked event stays pending. The next batch is longer by as many rows, up to `MAX_WINDOW`, so that events for an
        unavailable queue do not delay all others.
        """
        with session.connection() as connection:
            most = min(self._batch + self._nacked, max(self._batch, MAX_WINDOW))
            rows = connection.execute(pending_events(self._store.tables.outbox), {"most": most}).mappings().all()
        if not rows:
            self._nacked = 0
            return 0
        unconfirmed = self._publisher.publish([self._letter(row) for row in rows])
        failpoint("relay.published")
        confirmed = [row["position"] for row in rows if row["event_id"] not in unconfirmed]
        with session.connection() as connection:
            self._mark(connection, confirmed)
            for row in rows:
                if row["event_id"] in unconfirmed.returned:
                    self._park(connection, row, unconfirmed.returned[row["event_id"]])
        self._nacked = len(unconfirmed.nacked)
        self._watch.published(len(confirmed), len(unconfirmed.returned), self._nacked)
        return len(rows)

    def _letter(self, row: Any) -> Letter:
        message = Message(headers=row["headers"], content_type=JSON, body=bytes(row["body"]))
        return Letter(row["event_id"], row["exchange"], row["type"], message, self._mandatory(row["type"]))

    def _mark(self, connection: Connection, positions: Sequence[int]) -> None:
        if positions:
            marked = {"positions": positions, "at": machine_now()}
            connection.execute(marking_published(self._store.tables.outbox), marked)

    def _park(self, connection: Connection, row: Any, why: str) -> None:
        table = self._store.tables.outbox
        log.error("parked in the outbox: %s", why, extra={"event": row["event_id"], "type": row["type"]})
        connection.execute(update(table).where(table.c.position == row["position"]).values(state=PARKED, reason=why))
