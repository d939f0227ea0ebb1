"""Taking events in: each has its effect once, none is lost, and none harms another."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from chassis.effects import Refused, TooEarly
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import retry_one
from contracts.envelope import Event
from tests.component.counting import (
    Counter,
    Counting,
    count_up,
    counters,
    in_threads,
    new_store,
    report,
    states,
)


def test_an_event_has_its_effect_once_however_often_it_comes(counting: Counting) -> None:
    inbox = counting.inbox()
    first = report("a", "1")
    inbox.take([first])
    inbox.take([first])
    inbox.take([first, first, report("a", "2")])
    assert counting.counts == {"a": 2}
    assert states(counting.letters) == ["applied", "applied"]
    assert counting.watch.count("applied") == 2
    assert counting.watch.count("duplicate") == 3


def test_the_same_id_of_another_source_is_another_event(counting: Counting) -> None:
    counting.inbox().take([report("a", "1"), report("a", "1", source="/others")])
    assert counting.counts == {"a": 2}


def test_each_handler_group_takes_an_event_for_itself(counting: Counting) -> None:
    for handler in ("intake", "tickets"):
        counting.inbox(handler=handler).take([report("a", "1")])
    assert counting.counts == {"a": 2}


def test_events_about_one_subject_keep_their_order_within_a_batch(counting: Counting) -> None:
    counting.inbox().take([report("b", "9"), report("a", "5"), report("b", "1"), report("a", "7"), report("b", "6")])
    by = {row["id"]: row["document"]["by"] for row in counting.rows(counters)}
    assert by == {"a": ["5", "7"], "b": ["9", "1", "6"]}
    assert counting.watch.batches == [5]


def test_an_applied_event_leaves_no_content_behind(counting: Counting) -> None:
    counting.inbox().take([report("a", "1", note="029-00001111")])
    (row,) = counting.letters
    assert [row[name] for name in ("body", "headers", "user_id", "content_type", "reason")] == [None] * 5


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
def test_the_same_id_with_another_body_is_dead_beside_the_first(together: bool, counting: Counting) -> None:
    inbox, first, other = counting.inbox(), report("a", "1"), report("a", "1", note="another")
    for batch in [[first, other]] if together else [[first], [other]]:
        inbox.take(batch)
    assert sorted(states(counting.letters)) == ["applied", "dead"]
    inbox.take([other, first])
    assert counting.counts == {"a": 1}
    applied, dead = sorted(counting.letters, key=lambda row: row["state"])
    assert (applied["state"], applied["event_id"]) == ("applied", "1")
    assert (dead["state"], dead["event_id"]) == ("dead", f"1#{other.digest()[:16]}")
    assert dead["reason"] == "the id was used before with another body"
    assert dead["body"] == other.body


def test_takers_of_the_same_events_at_once_have_one_effect(counting: Counting, counting_url: str) -> None:
    messages = [report(f"s{number % 5}", str(number)) for number in range(40)]
    stores = [new_store(counting_url) for _ in range(4)]
    others = [Counting(store) for store in stores]
    in_threads(*(lambda one=one, turn=turn: one.inbox().take(messages[turn:] + messages[:turn])
                 for turn, one in zip((0, 13, 26, 39), others, strict=True)))  # fmt: skip
    for store in stores:
        store.close()
    assert counting.counts == {f"s{number}": 8 for number in range(5)}
    assert states(counting.letters) == ["applied"] * 40
    assert sum(one.watch.count("applied") for one in others) == 40
    assert sum(one.watch.count("duplicate") for one in others) == 120


def test_one_bad_event_harms_no_other_of_its_batch(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        if event.id == "bad":
            raise LookupError("029-00001111 is no number")

    counting.inbox(handle).take([report("a", "1"), report("a", "bad"), report("a", "2"), report("b", "3")])
    assert counting.counts == {"a": 2, "b": 1}
    assert [row["sequence"] for row in counting.outbox if row["subject"] == "a"] == [1, 2]
    (bad,) = [row for row in counting.letters if row["event_id"] == "bad"]
    assert (bad["state"], bad["attempts"], bad["reason"]) == ("waiting", 1, "LookupError")
    assert bad["body"]


def test_a_statement_that_fails_harms_no_other_of_its_batch(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        if event.id == "bad":
            ctx.connection.execute(text("INSERT INTO counters (id) VALUES ('half a row')"))

    counting.inbox(handle).take([report("a", "1"), report("a", "bad"), report("a", "2")])
    assert counting.counts == {"a": 2}
    assert states(counting.letters).count("waiting") == 1


def test_a_fact_that_comes_too_early_waits_and_is_applied_later(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.subject == "second" and ctx.find(Counter, "first") is None:
            raise TooEarly("first: not here yet")
        count_up(event, ctx)

    inbox = counting.inbox(handle)
    inbox.take([report("second", "2", note="kept")])
    (row,) = counting.letters
    assert (row["state"], row["reason"], row["user_id"]) == ("waiting", "TooEarly: first: not here yet", "units-user")
    assert retry_one(inbox)
    inbox.take([report("first", "1")])
    assert retry_one(inbox)
    assert not retry_one(inbox)
    assert counting.counts == {"first": 1, "second": 1}
    row = next(row for row in counting.letters if row["event_id"] == "2")
    assert (row["state"], row["attempts"], row["body"], row["reason"]) == ("applied", 2, None, None)
    inbox.take([report("second", "2", note="kept")])
    assert counting.counts["second"] == 1


def test_a_waiting_event_is_not_tried_before_it_is_due(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        raise TooEarly("x: not here")

    inbox = counting.inbox(handle, first=1000)
    inbox.take([report("a", "1")])
    assert not retry_one(inbox)


def test_a_refused_command_is_dead_at_once_and_says_why(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        raise Refused("unit: does not speak for it")

    counting.inbox(handle).take([report("a", "1")])
    (row,) = counting.letters
    assert (row["state"], row["reason"], row["due_at"]) == ("dead", "Refused: unit: does not speak for it", None)
    assert counting.counts == {}
    assert counting.watch.count("dead") == 1


def test_an_event_that_fails_again_and_again_is_dead_after_its_attempts(counting: Counting) -> None:
    tried: list[str] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        tried.append(event.id)
        raise LookupError("private")

    inbox = counting.inbox(handle, attempts=3)
    inbox.take([report("a", "1")])
    tried.clear()  # the first attempt was made in the batch and alone
    while retry_one(inbox):
        pass
    assert tried == ["1", "1"]
    (row,) = counting.letters
    assert (row["state"], row["attempts"], row["reason"], row["due_at"]) == ("dead", 3, "LookupError", None)


def test_the_pause_between_attempts_grows_to_a_bound() -> None:
    from chassis.inbox.retry_policy import RetryPolicy

    retries = RetryPolicy(attempts=3, first=0.5, longest=10)
    for attempts, most in zip([1, 2, 3, 4, 5, 6, 7, 1025, 10**6], [0.5, 1, 2, 4, 8, 10, 10, 10, 10], strict=True):
        assert most * 0.8 <= retries.after(attempts).total_seconds() <= most


def test_two_retriers_try_a_waiting_event_once(counting: Counting, counting_url: str) -> None:
    def too_early(event: Event, ctx: HandlerContext) -> None:
        raise TooEarly("x: not here")

    counting.inbox(too_early).take([report("a", str(number)) for number in range(12)])
    other = Counting(new_store(counting_url))

    def drain(one: Counting) -> None:
        while retry_one(one.inbox()):
            pass

    in_threads(lambda: drain(counting), lambda: drain(other))
    other.store.close()
    drain(counting)  # a retrier leaves when all that is due is in other hands
    assert counting.counts == {"a": 12}
    assert sorted(row["sequence"] for row in counting.outbox) == list(range(1, 13))
