"""Events within one process: a publisher hands its letters to every bound queue's consumer and waits for them.

A letter is safe when every bound queue has committed its inbox row. Until then its outbox row stays pending, so that nothing
is lost however the process ends: no queue is kept in memory at all.
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
    """Exchanges and queues of one process. ``queues`` is as in `chassis.messaging.amqp.topology.declare`."""

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
        """See `chassis.messaging.bus.Bus.publisher`. ``name`` is also the account that consumers know the messages by."""
        return EmbeddedPublisher(self, name)

    def consumer(
        self, queue: str, take: Take, probe: Callable[[], None], on_state: Callable[[str | None], None]
    ) -> "EmbeddedConsumer":
        """See `chassis.messaging.bus.Bus.consumer`."""
        consumer = self._consumers[queue] = EmbeddedConsumer(queue, take, on_state)
        return consumer

    def dead_letter_queue(self, name: str, keep: Mapping[str, Keep]) -> None:
        """None: what a queue does not take stays pending in its sender's outbox."""

    def queues_of(self, letter: Letter) -> Sequence[str]:
        """The queues that get a letter."""
        return self._bound.get((letter.exchange, letter.type), ())

    def batches(self, letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
        """The letters, as many together as may share a transaction."""
        for start in range(0, len(letters), self._batch):
            yield letters[start : start + self._batch]

    def hand_over(self, queue: str, messages: Sequence[Message]) -> None:
        """Have a queue's consumer take a batch. Raises BusUnavailable where it does not."""
        consumer = self._consumers.get(queue)
        if consumer is None:
            raise BusUnavailable(f"nobody consumes {queue}")
        consumer.receive(messages)


class EmbeddedPublisher:
    """Publishes as one account. What a queue has taken is not handed to it again while another queue still refuses."""

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
            except BusUnavailable as wrong:  # the others get theirs all the same
                outage = wrong
        if outage is not None:
            raise outage

    def keep_alive(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to let go of."""


class EmbeddedConsumer:
    """Takes one queue's messages in the publisher's own thread, one batch at a time."""

    redelivered = 0

    def __init__(self, queue: str, take: Take, on_state: Callable[[str | None], None]):
        self.queue = queue
        self._take, self._on_state = take, on_state
        self._turn = threading.Lock()
        self._open = False

    def open(self) -> None:
        """Receive from now on."""
        self._open = True
        self._on_state(None)

    def close(self) -> None:
        """Receive nothing more; what is being taken is settled when this returns."""
        with self._turn:
            self._open = False

    def run(self, stop: threading.Event) -> None:
        """See `Consumer.run`."""
        self.open()
        while not stop.wait(1.0):
            self._on_state(None)
        self.close()

    def receive(self, messages: Sequence[Message]) -> None:
        """Take a batch. Raises BusUnavailable where the consumer is closed or its store is."""
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
