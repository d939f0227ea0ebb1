"""Whatever comes again, and however, has its effect once."""

from __future__ import annotations

import pytest

from chassis.persistence.leader_election import leader_election
from tests.component.counting import report, states
from tests.component.relaying import Wrapped, all_published, relay_of, running
from tests.conformance.world import SAID, TOLD, World
from tests.kit.processes import wait_until


class Died(BaseException):
    """The process ended here."""


def die() -> None:
    """End."""
    raise Died


def test_a_redelivery_has_its_effect_once(world: World) -> None:
    listener = world.listener("first", TOLD).start()
    messages = [report(f"s{number % 3}", str(number)) for number in range(15)]
    for _ in range(3):
        world.tell(*messages)
    world.tell(*messages, *messages)
    wait_until(lambda: len(listener.received) == 75, "all came", 10)
    wait_until(lambda: listener.counting.watch.count("duplicate") == 60, "all is taken", 10)
    assert listener.counting.counts == {"s0": 5, "s1": 5, "s2": 5}
    assert states(listener.counting.letters) == ["applied"] * 15
    assert len(listener.counting.outbox) == 15


def test_the_same_id_with_another_body_is_dead_beside_the_first(world: World) -> None:
    listener = world.listener("first", TOLD).start()
    other = report("a", "1", note="another")
    world.tell(report("a", "1"))
    world.tell(other, report("a", "2"))
    wait_until(lambda: len(listener.counting.letters) == 3, "all is taken", 10)
    dead = [row for row in listener.counting.letters if row["state"] == "dead"]
    assert [(row["event_id"], row["body"]) for row in dead] == [(f"1#{other.digest()[:16]}", other.body)]
    assert listener.order("a") == ["1", "2"]


def test_a_publisher_that_dies_before_it_marks_publishes_again_and_it_is_applied_once(world: World) -> None:
    speaker, listener = world.service("speaker"), world.listener("first", SAID).start()
    for number in range(20):
        speaker.say("a", number)
    publisher = world.way.bus.publisher("speaker")
    doomed = relay_of(speaker.store, Wrapped(publisher, after=die))
    with leader_election(speaker.store) as session:
        assert session.lead()
        with pytest.raises(Died):
            doomed.publish_pending(session)
    publisher.close()
    wait_until(lambda: listener.total == 20, "it was heard all the same", 10)
    assert set(states(speaker.outbox)) == {"pending"}
    with world.relaying(speaker):
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
        wait_until(lambda: len(listener.received) == 40, "it came twice", 10)
        wait_until(lambda: listener.counting.watch.count("duplicate") == 20, "it was known", 10)
    assert listener.counting.counts == {"a": 20}
    assert listener.order("a") == [row["event_id"] for row in speaker.outbox]


def test_of_two_relays_of_one_store_one_leads(world: World) -> None:
    speaker, listener = world.service("speaker"), world.listener("first", SAID).start()
    with world.relaying(speaker) as first:
        wait_until(lambda: first.leads, "one leads", 10)
        with running(speaker.store.url, world.way.bus.publisher("speaker"), poll=0.05) as second:
            wait_until(lambda: second.state is None, "the other waits", 10)
            for number in range(30):
                speaker.say("a", number)
            wait_until(lambda: listener.total == 30, "all is heard", 10)
            assert second.watch.leads == []
            first.stop()
            wait_until(lambda: second.leads, "the other leads", 10)
            speaker.say("a", 30)
            wait_until(lambda: listener.total == 31, "and publishes", 10)
    assert listener.counting.watch.count("duplicate") == 0


def test_what_is_committed_just_before_the_stop_is_published_too(world: World) -> None:
    """While the relay was publishing it looked at the outbox for the last time, and then was told to stop.

    Its poll is half a minute: what wakes it is the commit.
    """
    speaker, listener, once = world.service("speaker"), world.listener("first", SAID).start(), [1]

    def meanwhile() -> None:
        if once:
            once.clear()
            speaker.say("last")
            relay._halt.set()

    with running(speaker.store, Wrapped(world.way.bus.publisher("speaker"), after=meanwhile), poll=30) as relay:
        wait_until(lambda: relay.leads and relay.state is None, "it waits", 10)
        speaker.say("first")
        wait_until(lambda: listener.counting.counts == {"first": 1, "last": 1}, "both are heard", 10)
    assert all_published(speaker)


def test_what_is_pending_is_published_before_the_relay_ends(world: World) -> None:
    speaker, listener = world.service("speaker"), world.listener("first", SAID).start()
    with running(speaker.store, world.way.bus.publisher("speaker"), batch=3, poll=30) as relay:
        wait_until(lambda: relay.leads and relay.state is None, "it waits", 10)
        for number in range(10):
            speaker.say("a", number)
    assert all_published(speaker)
    wait_until(lambda: listener.total == 10, "all is heard", 10)
