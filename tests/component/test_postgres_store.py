"""What only a server does: locks that two sessions wait for, sessions that end, errors of its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text, update

from chassis.effects import ArmTimer, CancelTimer, Effects
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import retry_one
from chassis.persistence import StoreUnavailable
from chassis.timers import TimerFired
from contracts.envelope import Event
from tests.component.counting import (
    START,
    Counter,
    Counting,
    count_up,
    counters,
    do_everything,
    in_threads,
    metadata,
    new_store,
    on_postgres,
    report,
    states,
)
from tests.component.ringing import HOUR, ring_up, timers
from tests.kit.processes import PATIENCE, wait_until
from tests.kit.servers import PostgresServer


def blocked(connection: Connection) -> int:
    """How many sessions of the server wait for a lock."""
    return int(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())


@on_postgres
def test_a_real_deadlock_is_tried_again_at_once(counting: Counting, counting_url: str) -> None:
    """A handler locks a, then b, while somebody else locks b, then a."""
    inbox = counting.inbox()
    inbox.take([report("a", "1"), report("b", "other")])
    holds_b, wants_a = threading.Event(), threading.Event()
    attempts: list[str] = []
    errors: list[str] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        attempts.append(event.id)
        count_up(event, ctx)
        if not wants_a.is_set():
            holds_b.wait(PATIENCE)
            wants_a.set()
            # the database looks for a deadlock once: by then there has to be one
            wait_until(lambda: blocked(ctx.connection) > 0, "the other waits for a", 10)
        ctx.load(Counter, "b").count += 10

    def other() -> None:
        store = new_store(counting_url)
        with suppress(Exception), store.transaction() as connection:
            # lose later than the handler does, so that it is the handler that the database picks
            connection.execute(text("SET LOCAL deadlock_timeout = '100s'"))
            connection.execute(update(counters).where(counters.c.id == "b").values(count=counters.c.count))
            holds_b.set()
            assert wants_a.wait(PATIENCE)
            try:
                connection.execute(update(counters).where(counters.c.id == "a").values(count=counters.c.count))
            except Exception as wrong:
                errors.append(type(wrong).__name__)
                raise
        store.close()

    in_threads(lambda: counting.inbox(handle).take([report("a", "2")]), other)
    assert errors == []
    # the first was the deadlock's; on a busy machine the handler may take `a` again before the other wakes up, and lose again
    assert len(attempts) >= 2
    assert counting.counts == {"a": 2, "b": 11}
    assert states(counting.letters) == ["applied"] * 3


@on_postgres
def test_a_serialization_failure_is_tried_again_at_once_and_then_waits(counting: Counting) -> None:
    left = [2]

    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        if left[0]:
            left[0] -= 1
            ctx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    counting.inbox(handle).take([report("a", "1")])
    assert states(counting.letters) == ["applied"]
    left[0] = 99
    counting.inbox(handle).take([report("a", "2")])
    row = next(row for row in counting.letters if row["event_id"] == "2")
    assert (row["state"], row["attempts"], row["reason"]) == ("waiting", 1, "StoreConflict")
    assert 99 - left[0] == 6  # in the batch and twice again, then alone and twice again


@on_postgres
def test_two_processes_that_make_the_same_row_at_once_both_have_their_effect(counting: Counting, counting_url: str) -> None:
    """Events about one new subject on two queues: both find nothing, both make it, and one of them is too late."""
    ones = [counting, Counting(new_store(counting_url))]
    both_looked = threading.Barrier(2)
    looked: list[str] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        if ctx.find(Counter, event.subject) is None:
            looked.append(event.id)
            if len(looked) <= 2:
                both_looked.wait(PATIENCE)
        count_up(event, ctx)

    def take(number: int) -> None:
        batch = [report("a", f"{number}-a"), report(f"own-{number}", f"{number}-b")]
        ones[number].inbox(handle, handler=f"queue-{number}").take(batch)

    in_threads(lambda: take(0), lambda: take(1))
    ones[1].store.close()
    assert counting.counts == {"a": 2, "own-0": 1, "own-1": 1}
    assert {(row["state"], row["attempts"]) for row in counting.letters} == {("applied", 1)}
    assert [one.watch.batches for one in ones] == [[2], [2]], "no batch had to be taken one by one"


@on_postgres
@pytest.mark.parametrize("state", ["53100", "25006", "57P01"], ids=["disk full", "read only", "shutting down"])
def test_a_store_that_cannot_write_is_nobodys_failed_attempt(state: str, counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        ctx.connection.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))

    with pytest.raises(StoreUnavailable):
        counting.inbox(handle).take([report("a", "1")])
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0)


@on_postgres
def test_an_outage_while_a_spoilt_batch_is_taken_one_by_one_is_no_attempt_either(counting: Counting) -> None:
    tried: list[str] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        tried.append(event.id)
        if tried == ["1", "2"]:
            raise LookupError("spoils the batch")
        if tried[-1] == "2":
            ctx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$"))
        count_up(event, ctx)

    with pytest.raises(StoreUnavailable):
        counting.inbox(handle).take([report("a", "1"), report("b", "2"), report("c", "3")])
    assert tried == ["1", "2", "1", "2"]
    assert [(row["event_id"], row["state"]) for row in counting.letters] == [("1", "applied")]


@on_postgres
def test_too_few_connections_are_an_outage_and_no_attempt(counting_url: str, counting: Counting) -> None:
    store = new_store(counting_url, pool_size=1)
    store.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    with (
        store.transaction(),
        store.transaction(),
        pytest.raises(StoreUnavailable, match="in use"),
    ):
        Counting(store).inbox().take([report("a", "1")])
    store.close()


def test_an_unreachable_store_settles_nothing_and_loses_nothing(killable_postgres: PostgresServer) -> None:
    name = f"stopped_{uuid4().hex[:8]}"
    store = new_store(killable_postgres.create_database(name))
    metadata.create_all(store.engine)
    one = Counting(store)
    inbox = one.inbox()
    inbox.take([report("a", "1")])
    killable_postgres.stop()
    try:
        for messages in ([report("a", "2")], [report("a", "3", time=None)], [report("a", "4"), report("a", "5")]):
            with pytest.raises(StoreUnavailable):
                inbox.take(messages)
        with pytest.raises(StoreUnavailable):
            retry_one(inbox)
        with pytest.raises(StoreUnavailable):
            store.probe()
    finally:
        killable_postgres.restart()
    assert states(one.letters) == ["applied"]
    assert one.watch.count("waiting") == one.watch.count("dead") == 0
    inbox.take([report("a", str(number)) for number in range(1, 6)])
    assert one.counts == {"a": 5}
    store.close()
    killable_postgres.drop_database(name)


@on_postgres
def test_a_store_that_dies_at_the_commit_leaves_nothing(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        do_everything(event, ctx)
        ctx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable):
        counting.inbox(handle).take([report("a", "1")])
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0)


@on_postgres
@pytest.mark.parametrize("change", [CancelTimer("a", "sign"), ArmTimer("a", "sign", START + HOUR, 1)], ids=["disarm", "move"])
def test_a_timer_that_is_overtaken_while_it_rings_does_nothing_and_nobody_deadlocks(
    change: ArmTimer | CancelTimer, counting: Counting, counting_url: str
) -> None:
    """An event holds the counter and wants the timer's row away, while a ringer holds the row and wants the counter."""
    counting.inbox().take([report("a", "0")])
    counting.commit(ArmTimer("a", "sign", START, 1))
    has_counter, has_row = threading.Event(), threading.Event()
    other = Counting(new_store(counting_url))
    seen: list[int] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        has_counter.set()
        assert has_row.wait(PATIENCE)
        ctx.apply(Effects(change))

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ring_up(timer, ctx)
        seen.append(timer.generation)

    ringer = timers(other, ring)
    claim = ringer._claim

    def claim_and_tell(connection: Connection, most: int) -> Any:
        claimed = claim(connection, most)
        has_row.set()
        return claimed

    ringer._claim = claim_and_tell  # type: ignore[method-assign]

    def run_timers() -> None:
        assert has_counter.wait(PATIENCE)
        assert ringer.fire_due() == 1

    in_threads(lambda: counting.inbox(handle).take([report("a", "1")]), run_timers)
    other.store.close()
    assert seen == [1]
    assert counting.counts == {"a": 2}
    assert counting.letters[-1]["attempts"] == 1
    left = [(row["generation"], row["due_at"]) for row in counting.timers]
    assert left == ([] if isinstance(change, CancelTimer) else [(1, START + HOUR)])


@on_postgres
def test_a_conflict_is_tried_again_at_once_and_is_no_failure(counting: Counting) -> None:
    left = [2]

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ring_up(timer, ctx)
        if left[0]:
            left[0] -= 1
            ctx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    counting.commit(ArmTimer("a", "sign", START))
    assert timers(counting, ring).fire_due() == 1
    assert counting.counts == {"a": 1}
    assert counting.watch.fired_timers == [("sign", "fired")]


@on_postgres
def test_a_store_that_cannot_write_puts_nothing_off(counting: Counting) -> None:
    counting.commit(ArmTimer("a", "sign", START))

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ctx.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$"))

    with pytest.raises(StoreUnavailable):
        timers(counting, ring).fire_due()
    assert [(row["attempts"], row["retry_at"]) for row in counting.timers] == [(0, None)]
