"""Durable timers: each rings once, whoever rings it, and one that fails is in nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from chassis.effects import ArmTimer, CancelTimer, Effects
from chassis.handler_context import HandlerContext
from chassis.observability import logs
from chassis.persistence import machine_now
from chassis.timers import TimerFired, TimerHandler
from tests.component.counting import (
    DEFINITION,
    START,
    Counting,
    counters,
    in_threads,
    new_store,
)
from tests.component.ringing import HOUR, ring_up, timers
from tests.component.statements import counted


def test_a_timer_rings_once_when_it_is_due_and_not_before(counting: Counting) -> None:
    counting.commit(ArmTimer("a", "sign", START + HOUR))
    assert timers(counting).fire_due() == 0
    counting.later(minutes=59, seconds=59)
    assert timers(counting).fire_due() == 0
    counting.later(seconds=1)
    assert timers(counting).fire_due() == 1
    assert timers(counting).fire_due() == 0
    assert counting.counts == {"a": 1}
    assert counting.timers == []
    assert counting.watch.fired_timers == [("sign", "fired")]


def test_what_rings_carries_what_was_armed(counting: Counting) -> None:
    rang: list[tuple[TimerFired, str | None, str]] = []
    counting.commit(ArmTimer("a", "sign:level:2", START, 7), causation="cause")
    counting.later(days=3)
    timers(counting, lambda timer, ctx: rang.append((timer, ctx.causation, ctx.correlation))).fire_due()
    ((timer, causation, correlation),) = rang
    assert timer == TimerFired("a", "sign:level:2", 7, START)
    assert (timer.kind, timer.detail, causation, correlation) == ("sign", "level:2", "cause", "a")


def test_due_timers_ring_in_batches_the_oldest_first(counting: Counting) -> None:
    rang: list[str] = []
    counting.commit(*(ArmTimer(f"s{number}", "sign", START + timedelta(minutes=9 - number)) for number in range(10)))
    counting.later(hours=1)
    ringer = timers(counting, lambda timer, _: rang.append(timer.subject), batch=4)
    assert [ringer.fire_due() for _ in range(4)] == [4, 4, 2, 0]
    assert [sorted(rang[:4]), sorted(rang[4:8]), sorted(rang[8:])] == [
        ["s6", "s7", "s8", "s9"],
        ["s2", "s3", "s4", "s5"],
        ["s0", "s1"],
    ]


def test_a_batch_costs_as_many_statements_however_many_ring(counting: Counting) -> None:
    sizes = []
    for number, size in enumerate((2, 50)):
        counting.commit(*(ArmTimer(f"s{number}-{one}", "sign", START) for one in range(size)))
        with counted(counting.store) as sent:
            assert timers(counting).fire_due() == size
        sizes.append(len(sent))
    assert sizes[0] == sizes[1]
    assert set(counting.counts.values()) == {1}


def test_two_ringers_ring_each_timer_once(counting: Counting, counting_url: str) -> None:
    counting.commit(*(ArmTimer(f"s{number}", "sign", START) for number in range(60)))
    ones = [counting, Counting(new_store(counting_url)), Counting(new_store(counting_url))]
    rang: list[str] = []

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ring_up(timer, ctx)
        rang.append(timer.subject)

    def run(one: Counting) -> None:
        ringer = timers(one, ring, batch=7)
        while ringer.fire_due():
            pass

    in_threads(*(lambda one=one: run(one) for one in ones))
    for one in ones[1:]:
        one.store.close()
    assert timers(counting).fire_due() == 0
    assert sorted(rang) == sorted(f"s{number}" for number in range(60))
    assert set(counting.counts.values()) == {1}
    assert [row["sequence"] for row in counting.outbox] == [1] * 60


def test_a_timer_that_is_disarmed_does_not_ring_and_one_that_is_moved_rings_later(counting: Counting) -> None:
    counting.commit(ArmTimer("a", "sign", START), ArmTimer("b", "sign", START))
    counting.commit(CancelTimer("a", "sign"), ArmTimer("b", "sign", START + HOUR))
    assert timers(counting).fire_due() == 0
    counting.later(hours=1)
    assert timers(counting).fire_due() == 1
    assert counting.counts == {"b": 1}


def test_a_timer_may_arm_itself_again(counting: Counting) -> None:
    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ring_up(timer, ctx)
        ctx.apply(Effects(ArmTimer(timer.subject, timer.name, timer.due + HOUR, timer.generation + 1)))

    counting.commit(ArmTimer("a", "sign", START))
    counting.later(hours=2)
    assert [timers(counting, ring).fire_due() for _ in range(4)] == [1, 1, 1, 0]
    assert counting.counts == {"a": 3}
    assert [row["due_at"] for row in counting.timers] == [START + 3 * HOUR]


def failing(subject: str, wrong: Callable[[HandlerContext], None]) -> TimerHandler:
    """Rings every timer but one."""

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ring_up(timer, ctx)
        if timer.subject == subject:
            wrong(ctx)

    return ring


def raises(ctx: HandlerContext) -> None:
    """A handler's own error."""
    raise LookupError("029-00001111")


def bad_statement(ctx: HandlerContext) -> None:
    """An error that the database makes of it."""
    ctx.connection.execute(text("INSERT INTO counters (id) VALUES ('half a row')"))


def bad_timer(ctx: HandlerContext) -> None:
    """An error that shows only when everything is written."""
    ctx.apply(Effects(ArmTimer("half a row", "sign", None)))


@pytest.mark.parametrize("wrong", [raises, bad_statement, bad_timer])
def test_a_timer_that_fails_is_put_off_and_the_others_ring(wrong: Callable[[HandlerContext], None], counting: Counting) -> None:
    counting.commit(*(ArmTimer(subject, "sign", START) for subject in ("a", "bad", "c", "d")))
    assert timers(counting, failing("bad", wrong)).fire_due() == 4
    assert counting.counts == {"a": 1, "c": 1, "d": 1}
    (row,) = counting.timers
    assert (row["subject"], row["attempts"]) == ("bad", 1)
    assert "029-0" not in row["reason"]
    assert timers(counting, failing("bad", wrong)).fire_due() == 0
    assert sorted(counting.watch.fired_timers) == [("sign", "failed")] + [("sign", "fired")] * 3


def test_a_timer_that_was_put_off_rings_when_its_pause_is_over(counting: Counting) -> None:
    counting.commit(ArmTimer("a", "sign", START))
    timers(counting, failing("a", raises)).fire_due()
    with counting.store.transaction() as connection:
        connection.execute(update(DEFINITION.tables.timers).values(retry_at=START))
    assert timers(counting).fire_due() == 1
    assert counting.counts == {"a": 1}
    assert counting.timers == []


@pytest.mark.parametrize("attempts", [1023, 1024, 10**6])
def test_a_timer_that_failed_for_days_is_still_put_off_and_the_others_ring(attempts: int, counting: Counting) -> None:
    """At the 1,024th attempt 2.0 ** attempts is no float any more."""
    counting.commit(ArmTimer("bad", "sign", START), ArmTimer("good", "sign", START))
    with counting.store.transaction() as connection:
        bad = DEFINITION.tables.timers.c.subject == "bad"
        connection.execute(update(DEFINITION.tables.timers).where(bad).values(attempts=attempts, retry_at=START))

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        if timer.subject == "bad":
            raise LookupError("for ever")
        ring_up(timer, ctx)

    began = machine_now()
    assert timers(counting, ring).fire_due() == 2
    (row,) = counting.timers
    assert (row["subject"], row["attempts"]) == ("bad", attempts + 1)
    assert timedelta(seconds=240) <= row["retry_at"] - began <= timedelta(seconds=330)
    assert counting.counts == {"good": 1}


def test_a_timer_that_fails_before_its_handler_is_called_is_put_off_itself(counting: Counting) -> None:
    """Its aggregate cannot be read: the one that rang before it is not to blame."""
    counting.commit(ArmTimer("bad", "sign", START), ArmTimer("good", "sign", START))
    with counting.store.transaction() as connection:
        connection.execute(insert(counters).values(id="bad", document={"no": "counter"}, count=0))
    assert timers(counting).fire_due() == 2
    assert [(row["subject"], row["attempts"]) for row in counting.timers] == [("bad", 1)]
    assert counting.counts == {"good": 1, "bad": 0}


def test_a_kind_that_nobody_takes_is_put_off_and_the_others_ring(counting: Counting) -> None:
    counting.commit(ArmTimer("a", "unknown", START), ArmTimer("b", "sign", START))
    assert timers(counting).fire_due() == 2
    assert counting.counts == {"b": 1}
    assert [(row["name"], row["reason"]) for row in counting.timers] == [("unknown", "LookupError")]


def test_what_a_ring_logs_carries_its_ids(counting: Counting) -> None:
    bound: list[dict[str, str | None]] = []
    counting.commit(ArmTimer("a", "sign:x", START), causation="cause")
    timers(counting, lambda *_: bound.append(dict(logs._context.get()))).fire_due()
    assert bound == [{"correlation": "a", "causation": "cause", "timer": "sign:x"}]
    assert logs._context.get() == {}
