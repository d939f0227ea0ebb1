"""A relay in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chassis.messaging.bus import Letter, Publisher, Unconfirmed
from chassis.outbox.relay import Relay, RelayWatch
from chassis.persistence import Store
from contracts.events.dispatch import CaseResumed
from tests.component.counting import Counting, Watched, new_store, states

EXCHANGE, KEY = CaseResumed.exchange(), CaseResumed.type
"""Where the counting service says its numbers."""


def relay_of(
    store: Store,
    publisher: Publisher,
    listened: bool = True,
    watch: RelayWatch | None = None,
    on_state: Callable[[str | None], None] = lambda _: None,
    batch: int = 500,
    poll: float = 0.1,
) -> Relay:
    """A relay that nobody runs yet."""
    return Relay(store, publisher, lambda _: listened, watch or Watched(), on_state, batch, poll)


class Running:
    """A relay over a store, with a publisher."""

    def __init__(self, store: Store, publisher: Publisher, listened: bool, batch: int, poll: float):
        self.store = store
        self.watch = Watched()
        self.state: str | None = "starting"
        self.troubles: list[str] = []
        self._halt = threading.Event()
        self.relay = relay_of(self.store, publisher, listened, self.watch, self._on_state, batch, poll)
        self._thread = threading.Thread(target=self.relay.run, args=(self._halt,), daemon=True)
        self._thread.start()

    def _on_state(self, trouble: str | None) -> None:
        self.state = trouble
        if trouble:
            self.troubles.append(trouble)

    @property
    def leads(self) -> bool:
        """Whether it is the leader now."""
        return self.watch.leads[-1:] == [True]

    def stop(self) -> None:
        """Tell it to stop and wait for its end."""
        self._halt.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


@contextmanager
def running(
    store: Store | str, publisher: Publisher, listened: bool = True, batch: int = 500, poll: float = 0.1
) -> Iterator[Running]:
    """A relay that is stopped at the end. Over a store's address it is as another process would have one."""
    own = new_store(store) if isinstance(store, str) else None
    relay = Running(own or store, publisher, listened, batch, poll)  # type: ignore[arg-type]
    try:
        yield relay
    finally:
        relay.stop()
        if own:
            own.close()


class Refusing:
    """A publisher that takes everything to itself, but refuses what it is told to."""

    def __init__(self, *refused: str):
        self.refused = refused

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """See `chassis.messaging.bus.Publisher`."""
        return Unconfirmed(dict.fromkeys(self.refused, "no"))

    def keep_alive(self) -> None:
        """See `chassis.messaging.bus.Publisher`."""

    def close(self) -> None:
        """See `chassis.messaging.bus.Publisher`."""


class Wrapped:
    """A publisher with something happening before or after it."""

    def __init__(self, inner: Publisher, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None):
        self._inner, self._before, self._after = inner, before, after

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        self._before()
        unconfirmed = self._inner.publish(letters)
        self._after()
        return unconfirmed

    def keep_alive(self) -> None:
        self._inner.keep_alive()

    def close(self) -> None:
        self._inner.close()


def all_published(one: Counting) -> bool:
    """Whether nothing is pending."""
    return set(states(one.outbox)) == {"published"}


def sequences(messages: Sequence[Any]) -> list[tuple[str, int]]:
    """What each message is about, and its number."""
    return [(message.headers["ce-subject"], int(message.headers["ce-sequence"])) for message in messages]
