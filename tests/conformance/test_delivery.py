"""What is published reaches every queue that is bound for it, and no other; in order; and it arrives as it was said."""

from __future__ import annotations

from chassis.handler_context import HandlerContext
from chassis.messaging.cloudevents_codec import Message
from contracts.envelope import Event
from tests.component.counting import Counting, count_up, report, states
from tests.component.relaying import EXCHANGE, all_published
from tests.conformance.world import SAID, TOLD, World
from tests.kit.processes import wait_until


def said_about(one: Counting, subject: str) -> list[str]:
    """The ids of what a service said about a subject, in its order."""
    rows = sorted((row for row in one.outbox if row["subject"] == subject), key=lambda row: row["sequence"])
    return [row["event_id"] for row in rows]


def test_every_bound_queue_gets_all_of_it_in_the_order_of_each_subject_and_nobody_else_gets_any(world: World) -> None:
    speaker = world.service("speaker")
    first, second = (world.listener(name, SAID).start() for name in ("first", "second"))
    others = [world.listener("third", TOLD).start(), world.listener("fourth", (EXCHANGE, "case.started.v1")).start()]
    for number in range(60):
        speaker.say(f"s{number % 3}", number)
    with world.relaying(speaker, batch=25):
        for listener in (first, second):
            wait_until(lambda one=listener: one.total == 60, "all is taken", 20)
            for subject in ("s0", "s1", "s2"):
                assert listener.order(subject) == said_about(speaker, subject)
        wait_until(lambda: all_published(speaker), "every row is marked", 10)
    assert [listener.received for listener in others] == [[], []]


def test_a_queue_that_is_bound_for_two_things_gets_both(world: World) -> None:
    speaker, listener = world.service("speaker"), world.listener("first", SAID, TOLD).start()
    speaker.say("a")
    world.tell(report("b", "1"))
    with world.relaying(speaker):
        wait_until(lambda: listener.counting.counts == {"a": 1, "b": 1}, "both are taken", 10)


def test_who_said_it_is_known_and_nobody_can_pretend(world: World) -> None:
    """What a sender writes there itself, as our report does, is replaced by the bus."""
    actors: list[str | None] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        actors.append(event.actor)

    speaker = world.service("speaker")
    listener = world.listener("first", SAID, TOLD, handle=handle).start()
    speaker.say("a")
    with world.relaying(speaker):
        wait_until(lambda: len(listener.counting.letters) == 1, "it is taken", 10)
    world.tell(report("a", "1"), account="units")
    wait_until(lambda: len(listener.counting.letters) == 2, "it is taken", 10)
    assert actors == [world.way.account("speaker"), world.way.account("units")]


def test_what_comes_in_with_a_message_does_not_go_out_with_the_next(world: World) -> None:
    between = world.listener("first", TOLD).start()
    told = report("a", "1")
    secret = Message({**told.headers, "x-secret": "1", "nameko.call_id_stack": "x"}, told.content_type, told.body)
    world.tell(secret)
    wait_until(lambda: len(between.counting.outbox) == 1, "it is taken", 10)
    heard: list[Message] = []
    last = world.listener("second", SAID)
    last.inbox.take = heard.extend  # type: ignore[method-assign]
    last.start()
    with world.relaying(between.counting):
        wait_until(lambda: bool(heard), "it is heard", 10)
    (message,) = heard
    assert {name for name in message.headers if not name.startswith("ce-")} <= {"x-delivery-count"}
    assert message.headers["ce-causationid"] == "1"


def test_two_publishers_at_once_are_both_heard_in_order(world: World) -> None:
    speakers = [world.service("speaker"), world.service("second")]
    listener = world.listener("first", SAID).start()
    for number in range(40):
        for subject, speaker in zip("ab", speakers, strict=True):
            speaker.say(subject, number)
    with world.relaying(speakers[0], batch=7), world.relaying(speakers[1], batch=11, name="other"):
        wait_until(lambda: listener.total == 80, "all is taken", 20)
        wait_until(lambda: all(all_published(one) for one in speakers), "every row is marked", 10)
    for subject, speaker in zip("ab", speakers, strict=True):
        assert listener.order(subject) == said_about(speaker, subject)


# --- nobody is there to hear it


def test_what_has_to_be_heard_and_has_no_queue_is_parked_with_the_reason_and_the_next_goes_on(world: World) -> None:
    speaker = world.service("speaker")
    speaker.say("a")
    with world.relaying(speaker, listened=True) as relay:
        wait_until(lambda: states(speaker.outbox) == ["parked"], "the row is parked", 10)
        wait_until(lambda: relay.watch.parked == 1, "it is counted", 10)
        listener = world.listener("first", SAID).start()
        speaker.say("a")
        wait_until(lambda: listener.order("a") == said_about(speaker, "a")[1:], "the second is heard", 10)
    assert (speaker.outbox[0]["reason"], speaker.outbox[0]["published_at"]) == ("no queue is bound for it", None)
    assert relay.troubles == []


def test_what_nobody_has_to_hear_is_published_to_nobody(world: World) -> None:
    speaker = world.service("speaker")
    speaker.say("a")
    with world.relaying(speaker, listened=False) as relay:
        wait_until(lambda: all_published(speaker), "the row is marked", 10)
    assert (relay.watch.confirmed, relay.watch.parked, relay.troubles) == (1, 0, [])


def test_only_what_is_refused_is_parked(world: World) -> None:
    """Of one batch, some have a queue and others have none."""
    from chassis.messaging.bus import Letter

    listener = world.listener("first", TOLD).start()
    publisher = world.way.bus.publisher("units")
    letters = [Letter(str(n), *(TOLD if n % 2 else SAID), report("a", str(n)), True) for n in range(10)]
    assert publisher.publish(letters).returned == {str(n): "no queue is bound for it" for n in range(0, 10, 2)}
    publisher.close()
    wait_until(lambda: listener.order("a") == ["1", "3", "5", "7", "9"], "the others are taken", 10)


def test_many_letters_come_in_batches(world: World) -> None:
    listener = world.listener("first", TOLD).start()
    world.tell(*(report("a", str(number)) for number in range(45)))
    wait_until(lambda: listener.total == 45, "all is taken", 10)
    assert listener.order("a") == [str(number) for number in range(45)]
    assert max(listener.counting.watch.batches) <= 10
    assert len(listener.counting.watch.batches) < 45


def test_what_was_counted_is_said_in_turn(world: World) -> None:
    """A chain of two: told, counted, said, counted."""
    between, last = world.listener("first", TOLD).start(), world.listener("second", SAID, handle=count_up).start()
    world.tell(*(report(f"s{number % 4}", str(number)) for number in range(40)))
    with world.relaying(between.counting):
        wait_until(lambda: last.total == 40, "all went through", 20)
    assert last.counting.counts == between.counting.counts == {f"s{number}": 10 for number in range(4)}
