"""No exception ends a loop of a service: it is told by /readyz, counted, and the loop goes on; so do all the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from chassis.configuration.settings import read
from chassis.messaging.bus import ALL_CONFIRMED, BusUnavailable, Letter
from chassis.messaging.embedded import EmbeddedBus
from chassis.observability.outbox_readiness import Outbox
from chassis.outbox.relay import Relay
from chassis.runtime import runtime
from chassis.runtime.runtime import Runtime
from chassis.timers import Timers
from contracts.events.intake import ReportFiled
from tests.component.counting import DEFINITION, Counting, count_up, metadata, report
from tests.kit.processes import wait_until


class Broken:
    """Raises while it is broken, whatever is asked of it."""

    def __init__(self, inner: Callable[..., object], wrong: BaseException):
        self._inner, self.wrong = inner, wrong
        self.is_broken, self.calls = True, 0

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self.is_broken:
            self.calls += 1
            raise self.wrong
        return self._inner(*args, **kwargs)


class Service:
    """The counting service's runtime in threads, over a bus of its own."""

    def __init__(self) -> None:
        self.bus = EmbeddedBus({"counting.intake": {ReportFiled.exchange(): [ReportFiled.type]}})
        self.runtime = Runtime(DEFINITION, read("counting"), frozenset(), self.bus)
        metadata.create_all(self.runtime.store.engine)
        self.runtime.on("intake", ReportFiled.type, count_up)
        self.counting = Counting(self.runtime.store)

    def start(self) -> None:
        """Start every loop."""
        self.runtime.start(lambda body, name: threading.Thread(target=body, name=name, daemon=True).start())

    def failures(self, loop: str) -> float:
        """The metric."""
        return self.runtime.registry.get_sample_value("whistle_loop_failures_total", {"loop": loop}) or 0.0

    @property
    def troubles(self) -> dict[str, str]:
        """What /readyz says, but for what has just been started."""
        return {name: what for name, what in self.runtime.health.troubles().items() if what != "starting"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    (tmp_path / "identities.yaml").write_text("accounts: []")
    monkeypatch.setenv("WHISTLE_DATABASE_URL", f"sqlite:///{tmp_path}/counting.db")
    monkeypatch.setenv("WHISTLE_AMQP_URL", "embedded:")
    monkeypatch.setenv("WHISTLE_IDENTITIES", str(tmp_path / "identities.yaml"))
    monkeypatch.setenv("WHISTLE_SECRET", "a secret of the tests")
    made = Service()
    yield made
    made.runtime.stop()


PLACES: dict[str, tuple[Any, str]] = {
    "relay": (Relay, "publish_pending"),
    "timers": (Timers, "fire_due"),
    "sample": (runtime, "read_gauges"),
}
"""What fails in which loop of the chassis."""


@pytest.mark.parametrize("wrong", [KeyError("x"), OverflowError("x"), SystemExit(1)], ids=repr)
@pytest.mark.parametrize("loop", ["own", *PLACES])
def test_a_loop_survives_whatever_is_raised_in_it(
    loop: str, wrong: BaseException, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name = PLACES.get(loop, (None, ""))
    broken = Broken(getattr(owner, name, lambda: 0), wrong)
    service.runtime.add_loop("own", broken if owner is None else lambda: 0, 0.05)
    if owner is not None:
        monkeypatch.setattr(owner, name, lambda *args: broken(*args))
    service.start()
    wait_until(lambda: service.failures(loop) >= 2, "it failed, and was begun again", 20)
    # of the outbox nobody knows while it cannot be looked at
    assert {name: what for name, what in service.troubles.items() if name != "outbox"} == {
        loop: f"unforeseen: {type(wrong).__name__}"
    }
    assert broken.calls >= 2
    broken.is_broken = False
    wait_until(lambda: service.troubles == {}, "it works again", 20)
    service.counting.say("a")
    wait_until(lambda: service.counting.outbox[-1]["state"] == "published", "the service works", 20)


def test_a_consumer_survives_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken(lambda: None, KeyError("x"))
    monkeypatch.setattr("chassis.inbox.inbox.Inbox.take", lambda *_: broken())
    service.start()
    speaker = service.bus.publisher("units")
    wait_until(lambda: "consume:intake" not in service.troubles, "it consumes", 20)
    letter = Letter("1", ReportFiled.exchange(), ReportFiled.type, report("a", "1"), mandatory=True)
    with pytest.raises(BusUnavailable):
        speaker.publish([letter])
    assert service.failures("consume:intake") == 1
    monkeypatch.undo()
    assert speaker.publish([letter]) == ALL_CONFIRMED
    assert service.counting.counts == {"a": 1}


def test_an_accepted_event_that_is_stuck_makes_the_service_unready(service: Service) -> None:
    """Parked by a topology that nobody ran, or pending since the broker went away; dead letters are another's fault."""
    outbox = DEFINITION.tables.outbox
    service.counting.say("parked")
    service.counting.say("old")
    with service.runtime.store.transaction() as connection:
        connection.execute(update(outbox).values(state="parked", reason="no queue is bound for it"))
    service.start()
    wait_until(lambda: "outbox" in service.troubles, "it is told", 20)
    assert service.troubles["outbox"] == "2 events are parked: `whistle outbox list` says why"
    with service.runtime.store.transaction() as connection:
        connection.execute(update(outbox).values(state="published"))
    wait_until(lambda: service.troubles == {}, "it is ready again", 20)


@pytest.mark.parametrize(
    ("parked", "pending", "oldest", "told"),
    [
        (0, 0, 0.0, None),
        (0, 500, 59.0, None),
        (1, 0, 0.0, "1 events are parked: `whistle outbox list` says why"),
        (0, 3, 61.0, "3 events are pending, the oldest for 61 s"),
        (2, 1, 90.0, "2 events are parked: `whistle outbox list` says why; 1 events are pending, the oldest for 90 s"),
    ],
)
def test_what_is_said_of_events_that_are_stuck(parked: int, pending: int, oldest: float, told: str | None) -> None:
    assert Outbox(parked, pending, oldest).trouble() == told
