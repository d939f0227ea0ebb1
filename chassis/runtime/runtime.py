"""The runtime of one service: its inboxes, relay and timers, each a loop, started together and stopped in order.

The module does not depend on nameko or eventlet: a loop is a function of a stop flag, and the starter of the runtime supplies
the function that runs a loop (`spawn`). A stop first ends the intake, then settles the received events, then publishes the
events that they emitted.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from chassis import announcement_timer
from chassis.clock import BusinessClock, SharedClock, SystemClock
from chassis.configuration.identities import Identities
from chassis.configuration.settings import Settings
from chassis.inbox import dead_letter_storage
from chassis.inbox.inbox import Handle, Inbox
from chassis.inbox.retries import Retrier
from chassis.inbox.retry_policy import RetryPolicy
from chassis.inbox.wakeups import Wakeups
from chassis.messaging.bus import Bus, Consumer, Keep
from chassis.messaging.cloudevents_codec import Message
from chassis.messaging.external_events import Digests, ExternalEvents
from chassis.messaging.publish_observer import Count, ObservedPublisher, P, PublishedCounter
from chassis.observability import logs
from chassis.observability.health import UNFORESEEN, Health
from chassis.observability.metrics import ChassisMetrics
from chassis.outbox.relay import Relay
from chassis.outbox.sequence_announcements import announce
from chassis.persistence import Store, Timeouts
from chassis.runtime.gauges import read_gauges
from chassis.runtime.periodic import Loop, PeriodicTask, periodic_loop, restarting_loop
from chassis.runtime.retention import Retention
from chassis.service_definition import ServiceDefinition
from chassis.session_tokens import SessionTokens
from chassis.timers import TimerHandler, Timers

log = logging.getLogger(__name__)

Spawn = Callable[[Callable[[], None], str], Any]
Gauges = Callable[[Connection, datetime], None]
TIMER_POLL = 0.2
RETRY_POLL = 0.2
SAMPLE_EVERY = 2.0
RETENTION_EVERY = 5.0
DEAD_LETTER_EVERY = 30.0
"""Seconds between polls of the broker's dead letter queues: a person has to act on the messages anyway."""
SAMPLE_OWN_EVERY = 10.0
STOP_DEADLINE = 25.0


class Runtime:
    """The loops of one service. Register handlers with `on` and `on_timer`, then call `start`."""

    def __init__(
        self,
        definition: ServiceDefinition,
        settings: Settings,
        listened: frozenset[str],
        bus: Bus,
        clock: BusinessClock | None = None,
    ):
        """Set up the store, metrics and health. ``listened`` are the event types with subscribers; a missing queue for them is
        an error."""
        self.definition = definition
        self.settings = settings
        timeouts = Timeouts(settings.statement_seconds, settings.lock_seconds)
        self.store = Store(settings.database_url, definition.tables, definition.mappers, timeouts=timeouts)
        self.wakeups: Wakeups | None = Wakeups(self.store)
        self.clock = clock or clock_of(settings)
        self.identities = Identities.load(settings.identities, SessionTokens(settings.secret))
        self.digests = Digests(settings.secret.encode())
        self.health = Health()
        self.registry = CollectorRegistry()
        self.metrics = ChassisMetrics(self.registry, self.health)
        self.store.on_hook_failure = self.metrics.hook_failed
        self._bus = bus
        self._listened = listened
        self._handlers: dict[str, dict[str, Handle]] = {}
        self._timer_handlers: dict[str, TimerHandler] = {}
        self._service_tasks: list[PeriodicTask] = []
        self._counters: dict[str, PublishedCounter[Any]] = {}
        self._gauges: list[Gauges] = []
        self._intake_stop, self._relay_stop = threading.Event(), threading.Event()
        self._intake: list[threading.Event] = []
        self._outlets: list[threading.Event] = []

    def on(self, source: str, type_: str, handle: Handle) -> None:
        """Register the handler of an event type from a source. Raises ValueError if there is one already."""
        types = self._handlers.setdefault(source, {})
        if type_ in types:
            raise ValueError(f"{self.definition.name} has two handlers for {type_} from {source}")
        types[type_] = self.metrics.timed(source, type_, handle)

    def on_timer(self, kind: str, handler: TimerHandler) -> None:
        """Register the handler of a kind of timer."""
        self._timer_handlers[kind] = handler

    def add_loop(self, name: str, step: Callable[[], int], pause: float, after_intake: bool = False) -> None:
        """Add a periodic task of the service: repeated at once while ``step`` returns more than 0, otherwise after a pause.

        The pause is in seconds; with ``after_intake`` an event applied by this process ends it. A stop waits for a running
        step, so a step must end well within `STOP_DEADLINE`.
        """
        self._service_tasks.append(
            PeriodicTask(name, step, pause, self.wakeups.for_follower() if after_intake and self.wakeups else None)
        )

    def on_published(self, payload: type[P], count: Count[P]) -> None:
        """Count published events: ``count`` gets the payload of each event of a type after the bus confirmed it."""
        self._counters[payload.type] = PublishedCounter(payload, count)

    def add_gauges(self, read: Gauges) -> None:
        """Register a service's own gauges to be read periodically; ``read`` gets a connection and business time."""
        self._gauges.append(read)

    @property
    def handlers(self) -> dict[str, set[str]]:
        """Return the event types that are handled, by source."""
        return {source: set(types) for source, types in self._handlers.items()}

    def start(self, spawn: Spawn) -> None:
        """Start every loop."""
        inboxes = self.inboxes()
        for inbox in inboxes:
            self._run(spawn, f"consume:{inbox.handler}", self.consumer(inbox).run, self._intake_stop, self._intake)
        chassis = (
            *self.retries(inboxes),
            PeriodicTask("timers", self.timers().step, TIMER_POLL),
            *self.dead_letter_queues(inboxes),
            *self.retention(),
        )
        for part in (*chassis, *self._service_tasks):
            self._run(spawn, part.name, self._repeat(part), self._intake_stop, self._intake)
        self._run(spawn, "relay", self.relay().run, self._relay_stop, self._outlets)
        for part in (
            PeriodicTask("sample", self._sample, SAMPLE_EVERY),
            PeriodicTask("sample:own", self._sample_own, SAMPLE_OWN_EVERY),
        ):
            self._run(spawn, part.name, self._repeat(part), self._relay_stop, self._outlets)
        spawn(self._beat, "heartbeat")

    def stop_intake(self) -> None:
        """Stop the intake, and return when all received events are settled. Safe to call again."""
        self._intake_stop.set()
        _await(self._intake, "intake")

    def stop(self) -> None:
        """Publish the emitted events, then release everything."""
        self.stop_intake()
        self._relay_stop.set()
        _await(self._outlets, "relay")
        self.store.close()

    def inboxes(self) -> list[Inbox]:
        """Return one inbox for each source, in the order of their names."""
        return [
            Inbox(
                handler=source,
                store=self.store,
                clock=self.clock,
                source=self.definition.source,
                handle=types,
                watch=self.metrics,
                actor_of=self.identities.by_user,
                retries=RetryPolicy(attempts=self.settings.retry_attempts, first=self.settings.retry_first),
                prefetch=self.definition.prefetch,
                wakeups=self.wakeups,
                external_events=ExternalEvents(self.digests, self.identities.by_user)
                if self.definition.external_events
                else None,
            )
            for source, types in sorted(self._handlers.items())
        ]

    def consumer(self, inbox: Inbox) -> Consumer:
        """Return the consumer of an inbox's queue."""
        queue = self._queue(inbox)
        loop = f"consume:{inbox.handler}"

        def state(trouble: str | None) -> None:
            self.health.report(loop, trouble)
            self.metrics.redelivered(queue, consumer.redelivered)
            if trouble and trouble.startswith(UNFORESEEN):
                self.metrics.loop_failed(loop)

        def take(messages: Sequence[Message]) -> None:
            with logs.bound(service=self.definition.name):  # the sender's thread may belong to another service
                inbox.take(messages)

        consumer = self._bus.consumer(queue, take=take, probe=self.store.probe, on_state=state)
        return consumer

    def retries(self, inboxes: Sequence[Inbox]) -> list[PeriodicTask]:
        """Return the task that retries waiting events; none if the service takes no events."""
        wakeups = self.wakeups
        if not inboxes or wakeups is None:
            return []
        return [PeriodicTask("retry", Retrier(inboxes, lambda: wakeups.version).step, RETRY_POLL, wakeups.for_waiting())]

    def dead_letter_queues(self, inboxes: Sequence[Inbox]) -> list[PeriodicTask]:
        """Return the task that stores the messages that the bus dead-lettered; none if the bus has no dead letter queues."""
        keep: dict[str, Keep] = {self._queue(inbox): partial(dead_letter_storage.keep, inbox) for inbox in inboxes}
        queues = self._bus.dead_letter_queue(self.definition.name, keep)
        return [PeriodicTask("dead letters", queues.drain, DEAD_LETTER_EVERY)] if queues else []

    def retention(self) -> list[PeriodicTask]:
        """Return the task that removes old rows; none if they are stored for ever."""
        span = timedelta(days=self.settings.retention_days)
        retention = Retention(self.store, span, self.health, self.metrics)
        return [PeriodicTask("retention", retention.step, RETENTION_EVERY)] if span else []

    def _queue(self, inbox: Inbox) -> str:
        return f"{self.definition.name}.{inbox.handler}"

    def timers(self) -> Timers:
        """Return the service's timers."""
        handlers = {**self._timer_handlers, announcement_timer.KIND: announce}
        return Timers(
            self.store, self.clock, self.definition.source, handlers, self.metrics, aggregates=self.definition.timer_aggregates
        )

    @property
    def service_tasks(self) -> Sequence[PeriodicTask]:
        """Return the periodic tasks of the service itself."""
        return tuple(self._service_tasks)

    def relay(self) -> Relay:
        """Return the relay, which publishes the emitted events."""
        return Relay(
            self.store,
            ObservedPublisher(self._bus.publisher(self.definition.name), self._counters, self.metrics.hook_failed),
            mandatory=self._listened.__contains__,
            watch=self.metrics,
            on_state=lambda trouble: self.health.report("relay", trouble),
        )

    def _run(
        self,
        spawn: Spawn,
        name: str,
        loop: Loop,
        stop: threading.Event,
        group: list[threading.Event],
    ) -> None:
        done = threading.Event()
        group.append(done)
        survivor = restarting_loop(name, loop, partial(self.health.report, name), self.metrics.loop_failed)

        def body() -> None:
            try:
                with logs.bound(service=self.definition.name):
                    survivor(stop)
            finally:
                done.set()

        self.health.report(name, "starting")
        spawn(body, name)

    def _repeat(self, part: PeriodicTask) -> Loop:
        return periodic_loop(part, partial(self.health.report, part.name))

    def _beat(self) -> None:
        while not self._relay_stop.wait(0.5):
            self.health.beat()

    def _sample(self) -> int:
        trouble: str | None = "nobody knows: the store cannot be read"
        try:
            trouble = read_gauges(self.store, self.clock, self.metrics).trouble()
        finally:
            self.health.report("outbox", trouble)
        return 0

    def _sample_own(self) -> int:
        with self.store.snapshot() as connection:
            for read in self._gauges:
                read(connection, self.clock.now())
        return 0


def clock_of(settings: Settings) -> BusinessClock:
    """Return the business clock of the settings."""
    return SharedClock(settings.clock_file) if settings.clock_file else SystemClock()


def _await(loops: list[threading.Event], what: str) -> None:
    for done in loops:
        if not done.wait(STOP_DEADLINE):
            log.error("stop: %s did not end within %.0f s", what, STOP_DEADLINE)
