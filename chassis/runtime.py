"""A service at work: its inboxes, relay and timers, each a loop, started together and stopped in order.

Nothing here knows nameko or eventlet: a loop is a function of a stop flag, and whoever starts the runtime says how a loop
is run (`spawn`). The order of a stop: no more intake, what was taken is settled, then what it said is published.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from chassis import announce
from chassis.bus.amqp import AmqpConsumer, AmqpPublisher
from chassis.clock import BusinessClock, SharedClock, SystemClock
from chassis.definition import Definition
from chassis.health import Health
from chassis.identity import Identities
from chassis.inbox import Handle, Inbox, Retries
from chassis.metrics import ChassisMetrics
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.store import Store, StoreConflict, StoreUnavailable, machine_now
from chassis.store.tables import DEAD, PARKED, PENDING, WAITING
from chassis.timers import Ring, Timers

log = logging.getLogger(__name__)

Spawn = Callable[[Callable[[], None], str], Any]
TIMER_POLL = 0.2
RETRY_POLL = 0.2
SAMPLE_EVERY = 2.0
STOP_DEADLINE = 25.0


class Runtime:
    """One service's moving parts. Register handlers with `on` and `on_timer`, then `start`."""

    def __init__(self, definition: Definition, settings: Settings, listened: frozenset[str]):
        """``listened``: the event types somebody subscribes to; nobody being there for one of them is an error."""
        self.definition = definition
        self.settings = settings
        self.store = Store(settings.database_url, definition.tables, definition.mappers)
        self.clock: BusinessClock = SharedClock(settings.clock_file) if settings.clock_file else SystemClock()
        self.identities = Identities.load(settings.identities)
        self.health = Health()
        self.registry = CollectorRegistry()
        self.metrics = ChassisMetrics(self.registry, self.health)
        self._listened = listened
        self._handlers: dict[str, dict[str, Handle]] = {}
        self._rings: dict[str, Ring] = {}
        self._loops: list[tuple[str, Callable[[], int], float]] = []
        self._intake_stop, self._relay_stop = threading.Event(), threading.Event()
        self._intake: list[threading.Event] = []
        self._outlets: list[threading.Event] = []
        self._stopped_intake = False

    def on(self, source: str, type_: str, handle: Handle) -> None:
        """Take events of a type that arrive from a source."""
        types = self._handlers.setdefault(source, {})
        if type_ in types:
            raise ValueError(f"{self.definition.name} has two handlers for {type_} from {source}")
        types[type_] = handle

    def on_timer(self, kind: str, ring: Ring) -> None:
        """Take timers of a kind."""
        self._rings[kind] = ring

    def add_loop(self, name: str, step: Callable[[], int], pause: float) -> None:
        """Repeat a step of the service's own beside the intake: at once again while it answers more than 0, else after a pause.

        The pause is in seconds. A stop waits for a step that runs, so a step must end well within `STOP_DEADLINE`.
        """
        self._loops.append((name, step, pause))

    @property
    def handlers(self) -> dict[str, set[str]]:
        """The types taken from each source."""
        return {source: set(types) for source, types in self._handlers.items()}

    def start(self, spawn: Spawn) -> None:
        """Start every loop."""
        for source, types in sorted(self._handlers.items()):
            inbox = Inbox(
                handler=source,
                store=self.store,
                clock=self.clock,
                source=self.definition.source,
                handle=types,
                watch=self.metrics,
                actor_of=self.identities.by_user,
                retries=Retries(attempts=self.settings.retry_attempts, first=self.settings.retry_first),
                prefetch=self.definition.prefetch,
            )
            consumer = self._consumer(inbox)
            self._run(spawn, f"consume:{source}", consumer.run, self._intake_stop, self._intake)
            retry = self._repeat(f"retry:{source}", inbox.retry_one, RETRY_POLL)
            self._run(spawn, f"retry:{source}", retry, self._intake_stop, self._intake)
        self._rings[announce.KIND] = announce.ring
        timers = Timers(self.store, self.clock, self.definition.source, self._rings, self.metrics)
        ring = self._repeat("timers", timers.ring_due, TIMER_POLL)
        self._run(spawn, "timers", ring, self._intake_stop, self._intake)
        for name, step, pause in self._loops:
            self._run(spawn, name, self._repeat(name, step, pause), self._intake_stop, self._intake)
        self._run(spawn, "relay", self._relay().run, self._relay_stop, self._outlets)
        sample = self._repeat("sample", self._sample, SAMPLE_EVERY)
        self._run(spawn, "sample", sample, self._relay_stop, self._outlets)
        spawn(self._beat, "heartbeat")

    def stop_intake(self) -> None:
        """Take nothing more in, and return when all that was taken is settled. Safe to call again."""
        self._intake_stop.set()
        _await(self._intake, "intake")

    def stop(self) -> None:
        """Publish what the last events said, then let go of everything."""
        self.stop_intake()
        self._relay_stop.set()
        _await(self._outlets, "relay")
        self.store.close()

    def _consumer(self, inbox: Inbox) -> AmqpConsumer:
        queue = f"{self.definition.name}.{inbox.handler}"
        loop = f"consume:{inbox.handler}"

        def state(trouble: str | None) -> None:
            self.health.report(loop, trouble)
            self.metrics.redelivered.labels(queue).set(consumer.redelivered)

        consumer = AmqpConsumer(
            self.settings.amqp_url,
            queue,
            take=inbox.take,
            probe=self.store.probe,
            on_state=state,
            batch=self.settings.batch,
            prefetch=self.settings.prefetch,
        )
        return consumer

    def _relay(self) -> Relay:
        return Relay(
            self.store,
            AmqpPublisher(self.settings.amqp_url, f"{self.definition.name}.relay"),
            mandatory=self._listened.__contains__,
            watch=self.metrics,
            on_state=lambda trouble: self.health.report("relay", trouble),
        )

    def _run(
        self,
        spawn: Spawn,
        name: str,
        loop: Callable[[threading.Event], None],
        stop: threading.Event,
        group: list[threading.Event],
    ) -> None:
        done = threading.Event()
        group.append(done)

        def body() -> None:
            try:
                loop(stop)
            finally:
                done.set()

        self.health.report(name, "starting")
        spawn(body, name)

    def _repeat(self, name: str, step: Callable[[], int], pause: float) -> Callable[[threading.Event], None]:
        """A loop that takes steps: at once again while there was something to do, otherwise after a pause (seconds)."""

        def loop(stop: threading.Event) -> None:
            while not stop.is_set():
                try:
                    busy = step()
                    self.health.report(name, None)
                except StoreConflict:
                    busy = 0
                except StoreUnavailable as wrong:
                    busy = 0
                    self.health.report(name, f"the store is unavailable: {wrong}")
                if not busy:
                    stop.wait(pause)

        return loop

    def _beat(self) -> None:
        while not self._relay_stop.wait(0.5):
            self.health.beat()

    def _sample(self) -> int:
        """Look into the store for the gauges."""
        try:
            self._read_gauges()
        except StoreUnavailable:
            self.metrics.store_up.set(0)
            raise
        self.metrics.store_up.set(1)
        return 0

    def _read_gauges(self) -> None:
        tables, metrics = self.store.tables, self.metrics
        outbox, inbox, timers = tables.outbox.c, tables.inbox.c, tables.timers.c
        with self.store.transaction() as connection:
            pending, oldest = connection.execute(
                select(func.count(), func.min(outbox.created_at)).where(outbox.state == PENDING)
            ).one()
            metrics.outbox_pending.set(pending)
            metrics.outbox_age.set((machine_now() - oldest).total_seconds() if oldest else 0)

            def count(condition: Any) -> int:
                return connection.execute(select(func.count()).where(condition)).scalar_one()

            metrics.outbox_parked.set(count(outbox.state == PARKED))
            metrics.inbox_waiting.set(count(inbox.state == WAITING))
            metrics.inbox_dead.set(count(inbox.state == DEAD))
            metrics.timers_overdue.set(count(timers.due_at <= self.clock.now()))


def _await(loops: list[threading.Event], what: str) -> None:
    for done in loops:
        if not done.wait(STOP_DEADLINE):
            log.error("stop: %s did not end within %.0f s", what, STOP_DEADLINE)
