"""What fails harms nobody else: no other event of its batch, no other queue, no later event."""

from __future__ import annotations

from collections.abc import Callable

from chassis.effects import Refused, TooEarly
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import retry_one
from chassis.messaging.cloudevents_codec import Message
from contracts.envelope import Event
from tests.component.counting import Counter, count_up, report, states
from tests.component.relaying import all_published
from tests.conformance.world import SAID, TOLD, World
from tests.kit.processes import wait_until

BAD = "bad"


def spoiling(event: Event, ctx: HandlerContext) -> None:
    """One event is refused after it had an effect, and one cannot be handled at all."""
    count_up(event, ctx)
    if event.id == BAD:
        raise Refused("unit: not on this case")
    if event.id == "worse":
        raise LookupError("029-00001111")


def test_a_poison_event_harms_no_other_of_its_batch(world: World) -> None:
    listener = world.listener("first", TOLD, handle=spoiling)
    unreadable = Message(report("a", "unreadable").headers, "application/json", b"\xff{")
    nothing = Message({}, "application/octet-stream", b"")
    good = [report("a", str(number)) for number in range(8)]
    batch = [*good[:2], report("a", BAD), *good[2:4], unreadable, report("a", "worse"), *good[4:6], nothing, *good[6:]]
    listener.start()
    world.tell(*batch)
    wait_until(lambda: len(listener.counting.letters) == len(batch), "every letter has a row", 10)
    assert listener.order("a") == [str(number) for number in range(8)]
    assert sorted(states(listener.counting.letters)) == ["applied"] * 8 + ["dead"] * 3 + ["waiting"]
    assert [row["sequence"] for row in listener.counting.outbox] == list(range(1, 9))
    assert [state for state in listener.states if state] == []


def test_a_fact_that_comes_too_early_waits_and_is_applied(world: World) -> None:
    """It comes by one queue, and what it needs by another."""

    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.id == "second" and ctx.find(Counter, "first") is None:
            raise TooEarly("first: not here yet")
        count_up(event, ctx)

    listener = world.listener("first", TOLD, handle=handle).start()
    world.tell(report("second", "second"))
    wait_until(lambda: states(listener.counting.letters) == ["waiting"], "it waits", 10)
    assert retry_one(listener.inbox)
    world.tell(report("first", "first"))
    wait_until(lambda: listener.counting.counts == {"first": 1}, "what it needs is there", 10)
    assert retry_one(listener.inbox)
    assert not retry_one(listener.inbox)
    world.tell(report("second", "second"))
    wait_until(lambda: listener.counting.watch.count("duplicate") == 1, "and then it is known", 10)
    assert listener.counting.counts == {"first": 1, "second": 1}


def needs(first: str, tried: list[str]) -> Callable[[Event, HandlerContext], None]:
    """A handler that notes what it tries, and can do nothing with subjects that begin with "early" before it has the first."""

    def handle(event: Event, ctx: HandlerContext) -> None:
        tried.append(event.id)
        if event.subject.startswith("early") and ctx.find(Counter, first) is None:
            raise TooEarly(f"{first}: not here yet")
        count_up(event, ctx)

    return handle


def test_what_comes_too_early_leaves_its_batch_and_comes_after_it(world: World) -> None:
    """The others share their transaction still, and what it waited for may be among them."""
    tried: list[str] = []
    listener = world.listener("first", TOLD, handle=needs("what", tried))
    listener.inbox.take([report("early", "2"), report("a", "1"), report("what", "3")])
    assert tried == ["1", "2", "1", "3", "2"]
    assert states(listener.counting.letters) == ["applied"] * 3


def test_where_many_come_too_early_each_is_tried_by_itself(world: World) -> None:
    tried: list[str] = []
    listener = world.listener("first", TOLD, handle=needs("nothing", tried))
    early = [report(f"early-{number}", f"{number:02}") for number in range(20)]
    listener.inbox.take([report("a", "first"), *early])
    assert states(listener.counting.letters).count("waiting") == 20
    assert listener.counting.counts == {"a": 1}
    assert len(tried) <= len(early) * 2 + 20


def test_a_refusal_is_for_good_whatever_comes_behind_it(world: World) -> None:
    """Two commands about one subject, of which the second makes what the first wanted possible: too late for the first."""

    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.id == "1" and ctx.find(Counter, event.subject) is None:
            raise Refused("nothing to count yet")
        count_up(event, ctx)

    listener = world.listener("first", TOLD, handle=handle)
    listener.inbox.take([report("a", "1"), report("a", "2")])
    assert {row["event_id"]: row["state"] for row in listener.counting.letters} == {"1": "dead", "2": "applied"}
    assert listener.counting.counts == {"a": 1}


def test_what_nobody_foresaw_is_an_outage_of_one_queue_and_the_others_get_theirs(world: World) -> None:
    speaker = world.service("speaker")
    broken, well = world.listener("first", SAID), world.listener("second", SAID).start()
    take, left = broken.inbox.take, [2]

    def unforeseen(messages: list[Message]) -> None:
        if left[0]:
            left[0] -= 1
            raise LookupError("029-00001111")
        take(messages)

    broken.inbox.take = unforeseen  # type: ignore[method-assign,assignment]
    broken.start()
    speaker.say("a")
    with world.relaying(speaker):
        wait_until(lambda: well.total == 1, "the other has it", 10)
        wait_until(lambda: broken.total == 1, "it is taken in the end", 10)
        wait_until(lambda: all_published(speaker), "the row is marked", 10)
    assert [state for state in broken.states if state] == ["unforeseen: LookupError"] * 2
    assert broken.states[-1] is None
    assert well.received == [row["event_id"] for row in speaker.outbox]
