"""A consumer whose store is away, that was stopped, or that never was there: nothing is lost, nothing is handed out twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from chassis.messaging.bus import BusUnavailable
from chassis.messaging.cloudevents_codec import Message
from tests.component.counting import Counting, report, states
from tests.component.relaying import all_published
from tests.conformance.world import SAID, TOLD, Listener, World
from tests.kit.processes import PATIENCE, wait_until


def ids(speaker: Counting) -> list[str]:
    """What was said, in order."""
    return [row["event_id"] for row in speaker.outbox]


def test_while_a_store_is_away_nothing_is_settled_and_everything_comes_when_it_is_back(world: World) -> None:
    speaker = world.service("speaker")
    gone, well = world.listener("first", SAID).start(), world.listener("second", SAID).start()
    gone.away.set()
    for number in range(25):
        speaker.say("a", number)
    with world.relaying(speaker) as relay:
        wait_until(lambda: well.total == 25, "the others get theirs", 10)
        wait_until(lambda: "the store is unavailable" in gone.states, "it says so", 10)
        wait_until(lambda: set(states(speaker.outbox)) == {world.way.held}, "it is kept", 10)
        assert gone.counting.letters == []
        if world.way.held == "pending":
            wait_until(lambda: len(relay.troubles) > 1, "the publisher tries again", 10)
            assert "the store is unavailable" in relay.troubles[0]
        gone.away.clear()
        wait_until(lambda: gone.total == 25, "everything comes", 20)
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
        wait_until(lambda: gone.states[-1] is None, "it says so", 10)
    assert gone.order("a") == well.order("a") == ids(speaker)
    # an outage is nobody's failed attempt, and who had it is not handed it again
    assert {row["attempts"] for row in gone.counting.letters} == {1}
    assert well.received == ids(speaker)


def test_what_was_taken_of_a_batch_is_not_handed_out_again(world: World) -> None:
    """The store goes away between two transactions of one queue."""
    speaker, listener = world.service("speaker"), world.listener("first", SAID)
    take = listener.inbox.take

    def once(messages: Sequence[Message]) -> None:
        take(messages)
        listener.inbox.take = take  # type: ignore[method-assign]
        listener.away.set()

    listener.inbox.take = once  # type: ignore[method-assign]
    for number in range(25):
        speaker.say("a", number)
    listener.start()
    with world.relaying(speaker):
        wait_until(lambda: "the store is unavailable" in listener.states, "it is away", 10)
        before = listener.total
        assert 0 < before < 25
        listener.away.clear()
        wait_until(lambda: listener.total == 25, "the rest comes", 20)
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
    assert listener.counting.watch.count("duplicate") == 0
    assert listener.order("a") == ids(speaker)


def test_a_consumer_that_is_not_there_yet_gets_everything_when_it_comes(world: World) -> None:
    speaker = world.service("speaker")
    well, late = world.listener("first", SAID).start(), world.listener("second", SAID)
    for number in range(25):
        speaker.say("a", number)
    with world.relaying(speaker):
        wait_until(lambda: well.total == 25, "the others get theirs", 10)
        wait_until(lambda: set(states(speaker.outbox)) == {world.way.held}, "it is kept", 10)
        assert late.received == []
        late.start()
        wait_until(lambda: late.total == 25, "everything comes", 20)
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
    assert well.received == late.received == ids(speaker)


def test_what_comes_while_a_consumer_is_stopped_comes_when_it_is_back(world: World) -> None:
    speaker, listener = world.service("speaker"), world.listener("first", SAID).start()
    with world.relaying(speaker):
        for number in range(5):
            speaker.say("a", number)
        wait_until(lambda: listener.total == 5, "it works", 10)
        listener.stop()
        for number in range(5, 15):
            speaker.say("a", number)
        wait_until(lambda: states(speaker.outbox)[5:] == [world.way.held] * 10, "it is kept", 10)
        assert listener.total == 5
        listener.start()
        wait_until(lambda: listener.total == 15, "the rest comes", 20)
    assert listener.received == ids(speaker)


def test_another_consumer_of_the_queue_goes_on_where_the_first_stopped(world: World) -> None:
    first = world.listener("first", TOLD).start()
    world.tell(report("a", "1"))
    wait_until(lambda: first.total == 1, "it works", 10)
    first.stop()
    second = world.listener("second", queue=first.queue).start()
    world.tell(report("a", "2"))
    wait_until(lambda: second.total == 1, "it works too", 10)
    assert (first.received, second.received) == (["1"], ["2"])


class Slow:
    """Takes when it is told to."""

    def __init__(self, listener: Listener):
        self.began, self.go = threading.Event(), threading.Event()
        self._take = listener.inbox.take
        listener.inbox.take = self.take  # type: ignore[method-assign]

    def take(self, messages: Sequence[Message]) -> None:
        """Not before it is told to."""
        self.began.set()
        assert self.go.wait(20)
        self._take(messages)


def test_a_stop_settles_what_was_taken_and_nothing_comes_twice(world: World) -> None:
    """Each comes once, before the stop or after the next start, but not always in order.

    What the broker has on its way to one who leaves it puts back, marked as redelivered although nobody saw it, and the next
    one may have been given later ones meanwhile.
    """
    speaker, listener = world.service("speaker"), world.listener("first", SAID)
    slow = Slow(listener)
    listener.start()
    for number in range(100):
        speaker.say("a", number)
    with world.relaying(speaker):
        assert slow.began.wait(PATIENCE)
        listener.begin_stop()
        slow.go.set()
        listener.stop()
        assert 0 < listener.total == len(listener.received)
        listener.start()
        wait_until(lambda: listener.total == 100, "the rest comes", 20)
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
        listener.stop()
    assert listener.counting.watch.count("duplicate") == 0
    assert sorted(listener.received) == sorted(listener.order("a")) == sorted(ids(speaker))


def test_where_nothing_keeps_a_letter_but_its_outbox_the_publisher_is_told(world: World) -> None:
    listener = world.listener("first", TOLD)
    if world.way.held == "published":
        world.tell(report("a", "1"))
    else:
        with pytest.raises(BusUnavailable, match="nobody consumes"):
            world.tell(report("a", "1"))
    listener.start()
    if world.way.held == "pending":
        wait_until(lambda: listener.states == [None], "it is there", 10)
        world.tell(report("a", "1"))
    wait_until(lambda: listener.total == 1, "it is taken", 10)
