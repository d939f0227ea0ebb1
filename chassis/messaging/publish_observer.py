"""Counting published events: each is a committed fact, counted by the one process that leads.

A counter needs no place in a handler, where it would count effects that are rolled back. A relay that publishes again after a
crash counts again: an exact number has to be a gauge that is read from the store.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chassis.messaging.bus import Letter, Publisher, Unconfirmed
from contracts.payload import EventPayload

log = logging.getLogger(__name__)

P = TypeVar("P", bound=EventPayload)
Count = Callable[[P], None]
"""Gets the payload of an event."""


@dataclass(frozen=True, slots=True)
class PublishedCounter(Generic[P]):
    """A counter of the published events of one payload type."""

    payload: type[P]
    count: Count[P]

    def add(self, body: bytes) -> None:
        """Count an event by its body. Raises InvalidEvent, and what ``count`` raises."""
        self.count(self.payload.load(json.loads(body)))


class ObservedPublisher:
    """A publisher that counts the events it published. ``tallies`` maps event types to counters.

    An error of a counter is logged, and ``on_failure`` is called: a published event must not be published again because of it.
    """

    def __init__(
        self,
        publisher: Publisher,
        tallies: Mapping[str, PublishedCounter[Any]],
        on_failure: Callable[[], object] = lambda: None,
    ):
        self._publisher, self._tallies, self._on_failure = publisher, tallies, on_failure

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """See `chassis.messaging.bus.Publisher`."""
        unconfirmed = self._publisher.publish(letters)
        for letter in letters:
            tally = self._tallies.get(letter.type)
            if tally is not None and letter.event_id not in unconfirmed:
                self._count(tally, letter)
        return unconfirmed

    def _count(self, tally: PublishedCounter[Any], letter: Letter) -> None:
        try:
            tally.add(letter.message.body)
        except Exception:
            log.exception("what was published could not be counted", extra={"event": letter.event_id, "type": letter.type})
            self._on_failure()

    def keep_alive(self) -> None:
        """See `chassis.messaging.bus.Publisher`."""
        self._publisher.keep_alive()

    def close(self) -> None:
        """See `chassis.messaging.bus.Publisher`."""
        self._publisher.close()
