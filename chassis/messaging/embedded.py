"""The embedded bus: events within one process. A publisher hands its letters to the consumer of every bound queue and waits.

A letter is delivered when every bound queue has committed its inbox row. Until then its outbox row stays pending, so no event
is lost however the process ends: the bus holds no queue in memory.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from chassis.messaging.bus import BusUnavailable, Keep, Letter, Unconfirmed
from chassis.messaging.cloudevents_codec import Message
from chassis.observability.health import UNFORESEEN
from chassis.persistence import StoreUnavailable

log = logging.getLogger(__name__)

Take = Callable[[Sequence[Message]], None]
NOBODY = "no queue is bound for it"


class EmbeddedBus:
    """The exchanges and queues of one process. ``queues`` is as in `chassis.messaging.amqp.topology.declare`."""

    def __init__(self, queues: Mapping[str, Mapping[str, Sequence[str]]], batch: int = 100):
        self._batch = batch
        self._bound: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._consumers: dict[str, EmbeddedConsumer] = {}
        for queue, sources in queues.items():
            self.bind(queue, sources)

    def bind(self, queue: str, sources: Mapping[str, Sequence[str]]) -> None:
        """Bind one more queue: {exchange: [routing keys]}."""
        for exchange, keys in sources.items():
            for key in keys:
                self._bound[exchange, key].append(queue)

    def publisher(self, name: str) -> "EmbeddedPublisher":
        """See `chassis.messaging.bus.Bus.publisher`. ``name`` is also the account that consumers see as the sender."""
        return EmbeddedPublisher(self, name)

    def consumer(
        self, queue: str, take: Take, probe: Callable[[], None], on_state: Callable[[str | None], None]
    ) -> "EmbeddedConsumer":
        """See `chassis.messaging.bus.Bus.consumer`."""
        consumer = self._consumers[queue] = EmbeddedConsumer(queue, take, on_state)
        return consumer

    def dead_letter_queue(self, name: str, keep: Mapping[str, Keep]) -> None:
        """Return None: a message that a queue does not take stays pending in its sender's outbox."""

    def queues_of(self, letter: Letter) -> Sequence[str]:
        """Return the queues that receive a letter."""
        return self._bound.get((letter.exchange, letter.type), ())

    def batches(self, letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
        """Yield the letters in batches, each small enough for one transaction."""
        for start in range(0, len(letters), self._batch):
            yield letters[start : start + self._batch]

    def hand_over(self, queue: str, messages: Sequence[Message]) -> None:
        """Deliver a batch to a queue's consumer. Raises BusUnavailable if it takes none."""
        consumer = self._consumers.get(queue)
        if consumer is None:
            raise BusUnavailable(f"nobody consumes {queue}")
        consumer.receive(messages)


class EmbeddedPublisher:
    """A publisher of one account. While another queue still refuses a letter, it is not delivered again to a queue that took
    it."""

    def __init__(self, bus: EmbeddedBus, account: str):
        self._bus, self._account = bus, account
        self._taken: set[tuple[str, str]] = set()

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """See `Publisher.publish`."""
        returned: dict[str, str] = {}
        wanted: dict[str, list[Letter]] = defaultdict(list)
        for letter in letters:
            queues = self._bus.queues_of(letter)
            if letter.mandatory and not queues:
                returned[letter.event_id] = NOBODY
            for queue in queues:
                if (queue, letter.event_id) not in self._taken:
                    wanted[queue].append(letter)
        self._hand_over(wanted)
        self._taken.clear()
        return Unconfirmed(returned)

    def _hand_over(self, wanted: Mapping[str, Sequence[Letter]]) -> None:
        outage: BusUnavailable | None = None
        for queue, letters in wanted.items():
            try:
                for batch in self._bus.batches(letters):
                    self._bus.hand_over(queue, [replace(letter.message, user_id=self._account) for letter in batch])
                    self._taken.update((queue, letter.event_id) for letter in batch)
            except BusUnavailable as wrong:  # the other queues still receive theirs
                outage = wrong
        if outage is not None:
            raise outage

    def keep_alive(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: there is no connection."""


class EmbeddedConsumer:
    """A consumer of one queue. It works in the publisher's own thread, one batch at a time."""

    redelivered = 0

    def __init__(self, queue: str, take: Take, on_state: Callable[[str | None], None]):
        self.queue = queue
        self._take, self._on_state = take, on_state
        self._turn = threading.Lock()
        self._open = False

    def open(self) -> None:
        """Start to receive."""
        self._open = True
        self._on_state(None)

    def close(self) -> None:
        """Stop receiving. The batch in progress is settled when this returns."""
        with self._turn:
            self._open = False

    def run(self, stop: threading.Event) -> None:
        """See `Consumer.run`."""
        self.open()
        while not stop.wait(1.0):
            self._on_state(None)
        self.close()

    def receive(self, messages: Sequence[Message]) -> None:
        """Take a batch. Raises BusUnavailable if the consumer is closed or its store is unavailable."""
        with self._turn:
            if not self._open:
                raise BusUnavailable(f"nobody consumes {self.queue}")
            try:
                self._take(messages)
            except StoreUnavailable as wrong:
                self._on_state("the store is unavailable")
                raise BusUnavailable(f"{self.queue}: the store is unavailable: {wrong}") from wrong
            except Exception as wrong:  # unforeseen: the letters stay pending, and the publisher goes on to the others
                log.exception("%s: unforeseen", self.queue)
                self._on_state(f"{UNFORESEEN}{type(wrong).__name__}")
                raise BusUnavailable(f"{self.queue}: {type(wrong).__name__}") from wrong
            self._on_state(None)
