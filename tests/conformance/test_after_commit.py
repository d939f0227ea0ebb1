"""After-commit hooks: each runs once after its transaction committed, and never where it was rolled back or run again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from chassis.effects import NO_EFFECTS, ArmTimer, Refused
from chassis.handler_context import HandlerContext
from chassis.http.idempotency import Command, Kept, once_per_key
from chassis.inbox.retries import retry_one
from chassis.messaging.external_events import Digests
from chassis.persistence import StoreConflict
from chassis.timers import TimerFired
from chassis.unit_of_work import UnitOfWork
from contracts.envelope import Event
from tests.component.counting import DEFINITION, SOURCE, START, Counting, count_up, counters, report
from tests.component.ringing import timers


class Calls:
    """Handlers that register a hook; ``made`` are the ids whose hook ran, ``handled`` how often each was handled."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.handled: list[str] = []
        self.fails: dict[str, list[Exception]] = {}
        """By id: what the next times raise, after the hook was registered."""

    def work(self, id_: str, ctx: HandlerContext) -> None:
        """Register the hook, then fail if that is planned."""
        self.handled.append(id_)
        ctx.after_commit(lambda: self.made.append(id_))
        if planned := self.fails.get(id_):
            raise planned.pop(0)

    def event(self, event: Event, ctx: HandlerContext) -> None:
        """For an inbox."""
        count_up(event, ctx)
        self.work(event.id, ctx)

    def timer(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """For timers."""
        self.work(timer.subject, ctx)


@pytest.fixture
def calls() -> Calls:
    """Nothing called yet."""
    return Calls()


def test_a_batch_that_is_run_again_without_a_refused_event_calls_each_hook_once(counting: Counting, calls: Calls) -> None:
    calls.fails["bad"] = [Refused("never")]
    counting.inbox(calls.event).take([report("a", "1"), report("b", "bad"), report("c", "2")])
    assert calls.handled.count("1") == 2, "the batch was rolled back once"
    assert sorted(calls.made) == ["1", "2"]


@pytest.mark.parametrize("wrong", [StoreConflict("40001"), IntegrityError("insert", {}, Exception()), KeyError("unforeseen")])
def test_a_conflict_in_the_inbox_calls_the_hook_once(wrong: Exception, counting: Counting, calls: Calls) -> None:
    calls.fails["1"] = [wrong]
    counting.inbox(calls.event).take([report("a", "1")])
    assert (calls.handled, calls.made) == (["1", "1"], ["1"])


def test_a_redelivery_calls_no_hook(counting: Counting, calls: Calls) -> None:
    inbox = counting.inbox(calls.event)
    for _ in range(3):
        inbox.take([report("a", "1")])
    assert calls.made == ["1"]


def test_a_retry_calls_the_hook_of_the_attempt_that_committed(counting: Counting, calls: Calls) -> None:
    calls.fails["1"] = [KeyError("batch"), KeyError("alone"), KeyError("first retry")]
    inbox = counting.inbox(calls.event, attempts=5)
    inbox.take([report("a", "1")])
    assert calls.made == []
    assert retry_one(inbox)
    assert calls.made == []
    assert retry_one(inbox)
    assert calls.made == ["1"]


def test_a_timer_that_is_run_again_calls_its_hook_once(counting: Counting, calls: Calls) -> None:
    counting.commit(ArmTimer("a", "sign", START), ArmTimer("b", "sign", START))
    calls.fails["b"] = [KeyError("unforeseen"), StoreConflict("40001")]
    assert timers(counting, calls.timer).fire_due() == 2
    assert calls.handled.count("b") == 3
    assert sorted(calls.made) == ["a", "b"]


class Hosted:
    """As much of a runtime as a command over HTTP needs."""

    def __init__(self, counting: Counting):
        self.store, self.clock, self.definition = counting.store, counting.clock, DEFINITION
        self.digests = Digests(b"a secret of the tests")


@pytest.mark.parametrize("wrong", [StoreConflict("40001"), IntegrityError("insert", {}, Exception())])
def test_a_command_over_http_that_is_run_again_calls_its_hook_once(wrong: Exception, counting: Counting, calls: Calls) -> None:
    calls.fails["k"] = [wrong]

    def effect(ctx: HandlerContext) -> Kept:
        calls.work("k", ctx)
        return Kept(202, {})

    runtime: Any = Hosted(counting)
    command = Command("count", "a-link", "k", {}, {})
    assert once_per_key(runtime, command, effect).status == 202
    assert once_per_key(runtime, command, effect).status == 202, "asked again, it is answered from the inbox"
    assert (calls.handled, calls.made) == (["k", "k"], ["k"])


def test_a_refused_command_over_http_calls_no_hook(counting: Counting, calls: Calls) -> None:
    calls.fails["k"] = [Refused("never")]
    runtime: Any = Hosted(counting)

    def effect(ctx: HandlerContext) -> Kept:
        calls.work("k", ctx)
        return Kept(202, {})

    with pytest.raises(Refused):
        once_per_key(runtime, Command("count", "a-link", "k", {}, {}), effect)
    assert calls.made == []


def test_a_hook_runs_after_the_commit_and_may_use_the_store(counting: Counting) -> None:
    seen: list[int] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        ctx.after_commit(lambda: seen.append(len(counting.rows(counters))))
        assert seen == []

    counting.inbox(handle).take([report("a", "1")])
    assert seen == [1]


def test_a_hook_that_raises_is_logged_and_counted_and_undoes_and_repeats_nothing(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[None] = []
    made: list[str] = []
    handled: list[str] = []
    counting.store.on_hook_failure = lambda: failures.append(None)

    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        handled.append(event.id)
        ctx.after_commit(lambda: 1 / 0)
        ctx.after_commit(lambda: made.append(event.id))

    with caplog.at_level(logging.ERROR):
        counting.inbox(handle).take([report("a", "1"), report("b", "2")])
    assert (handled, made, len(failures)) == (["1", "2"], ["1", "2"], 2)
    assert counting.counts == {"a": 1, "b": 1}
    assert [row["state"] for row in counting.letters] == ["applied", "applied"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 2


def test_what_is_committed_wakes_the_relay_and_what_is_rolled_back_does_not(counting: Counting) -> None:
    if counting.store.is_postgres:
        pytest.skip("PostgreSQL tells the relay by itself, at the commit")
    counting.store.woken.clear()

    def fail() -> None:
        with counting.store.transaction() as connection:
            unit = UnitOfWork(counting.store, connection, SOURCE)
            counting.store.wake_relay(connection)
            unit.flush()
            raise Refused("not this one")

    with pytest.raises(Refused):
        fail()
    assert not counting.store.woken.is_set()
    counting.say("a")
    assert counting.store.woken.is_set()


@pytest.mark.parametrize("outcome", ["applied", "dead"])
def test_what_the_inbox_counts_is_counted_after_the_commit(outcome: str, counting: Counting) -> None:
    """Also the dead letter of an id that was used before: its row is one of a batch that may be rolled back."""
    counting.inbox().take([report("a", "1")])
    before = counting.watch.count(outcome)
    spoils: list[Exception] = [StoreConflict("40001")]

    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        if spoils:
            raise spoils.pop()

    counting.inbox(handle).take([report("a", "1", note="another"), report("b", "2")])
    assert counting.watch.count(outcome) == before + 1


def test_a_connection_without_a_transaction_of_a_store_takes_no_hook(counting: Counting) -> None:
    hook: Callable[[], object] = lambda: NO_EFFECTS  # noqa: E731
    with counting.store.engine.connect() as connection, pytest.raises(LookupError, match="transaction"):
        counting.store.after_commit(connection, hook)
