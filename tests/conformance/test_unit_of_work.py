"""The unit of work: everything commits together or not at all; numbers have no gap; the same story has the same ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from chassis import failpoints
from chassis.effects import ArmTimer, CancelTimer, DomainEvent, Effects, Refused
from chassis.failpoints import FailpointError
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import retry_one
from chassis.unit_of_work import UnitOfWork
from contracts.envelope import Event
from contracts.events.dispatch import CaseResumed
from contracts.payload import InvalidEvent
from tests.component.counting import (
    SOURCE,
    START,
    Counter,
    Counting,
    counters,
    do_everything,
    in_threads,
    metadata,
    new_store,
    report,
    states,
)

HOUR = timedelta(hours=1)


def bad_data(event: Event, ctx: HandlerContext) -> None:
    """Says what the contract does not allow."""
    do_everything(event, ctx)
    ctx.apply(Effects(DomainEvent(CaseResumed(level="", generation=-1), event.subject)))


def bad_statement(event: Event, ctx: HandlerContext) -> None:
    """A row that the database refuses, at the last moment."""
    do_everything(event, ctx)
    ctx.insert(counters, {"id": "half a row", "document": {}, "count": None})


@pytest.fixture
def disarmed() -> Any:
    """Failpoints that do not outlive the test."""
    yield
    failpoints.arm({})


def test_what_a_handler_did_is_there_all_together(counting: Counting) -> None:
    counting.inbox(do_everything).take([report("a", "1")])
    assert counting.sizes() == {
        "counters": 1,
        "notes": 1,
        "inbox": 1,
        "outbox": 1,
        "timers": 1,
        "sequences": 1,
        "audit": 0,
        "marks": 0,
    }


@pytest.mark.parametrize("point", ["inbox.inserted", "batch.middle", "work.before_commit"])
def test_an_error_before_the_commit_leaves_nothing(point: str, counting: Counting, disarmed: None) -> None:
    failpoints.arm({"WHISTLE_FAILPOINTS": f"{point}=error"})
    with pytest.raises(FailpointError):
        counting.inbox(do_everything)._apply([_arrived(counting, "a", "1"), _arrived(counting, "a", "2")])
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0)


@pytest.mark.parametrize("handle", [bad_data, bad_statement])
def test_what_cannot_be_written_leaves_only_the_event(
    handle: Callable[[Event, HandlerContext], None], counting: Counting
) -> None:
    counting.inbox(handle).take([report("a", "1")])
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0) | {"inbox": 1}


def test_an_error_in_a_retry_leaves_everything_as_it_was(counting: Counting, disarmed: None) -> None:
    counting.inbox(bad_statement).take([report("a", "1")])
    failpoints.arm({"WHISTLE_FAILPOINTS": "inbox.replaying=error"})
    assert retry_one(counting.inbox(do_everything))
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0) | {"inbox": 1}
    failpoints.arm({})
    assert retry_one(counting.inbox(do_everything))
    assert counting.counts == {"a": 1}


def test_an_error_at_a_timer_leaves_everything_as_it_was(counting: Counting, disarmed: None) -> None:
    from chassis.timers import Timers

    def ring(ringing: Any, ctx: HandlerContext) -> None:
        counter = Counter(ringing.subject)
        ctx.add(counter)
        ctx.apply(counter.up("timer"))

    counting.commit(ArmTimer("a", "sign", START))
    before = counting.sizes()
    failpoints.arm({"WHISTLE_FAILPOINTS": "timers.claimed=error"})
    with pytest.raises(FailpointError):
        Timers(counting.store, counting.clock, SOURCE, {"sign": ring}, counting.watch)._fire_batch(1)
    assert counting.sizes() == before


def test_an_aggregate_is_read_once_and_written_once(counting: Counting) -> None:
    counting.inbox().take([report("a", str(number)) for number in range(5)])
    with counting.store.transaction() as connection:
        unit = UnitOfWork(counting.store, connection, SOURCE)
        assert unit.find(Counter, "a") is unit.find(Counter, "a")
        assert unit.find(Counter, "b") is None


def test_when_an_aggregate_changed_last_is_kept_in_business_time(counting: Counting) -> None:
    def changed_at() -> object:
        with counting.store.transaction() as connection:
            return connection.execute(select(counters.c.changed_at)).scalar_one()

    counting.inbox().take([report("a", "1")])
    assert changed_at() == START
    counting.clock.move_to(START + HOUR)
    counting.inbox(lambda event, ctx: ctx.load(Counter, event.subject) and None).take([report("a", "2")])
    assert changed_at() == START, "whoever only looks changes nothing"
    counting.inbox().take([report("a", "3")])
    assert changed_at() == START + HOUR


def test_many_aggregates_are_locked_in_one_order(counting: Counting, counting_url: str) -> None:
    """Two batches that name them in opposite orders both get through."""
    counting.inbox().take([report(f"s{number}", str(number)) for number in range(20)])
    other = Counting(new_store(counting_url))

    def count(one: Counting, keys: list[str]) -> None:
        for _ in range(10):
            with one.store.transaction() as connection:
                unit = UnitOfWork(one.store, connection, SOURCE)
                unit.lock(Counter, keys)
                for key in keys:
                    found = unit.find(Counter, key)
                    assert found is not None
                    found.count += 1
                unit.flush()

    keys = [f"s{number}" for number in range(20)]
    in_threads(lambda: count(counting, keys), lambda: count(other, keys[::-1]))
    other.store.close()
    assert set(counting.counts.values()) == {21}


def test_sequences_have_no_gap_under_concurrency(counting: Counting, counting_url: str) -> None:
    """Four writers, some of whose transactions roll back."""
    ones = [Counting(new_store(counting_url)) for _ in range(4)]

    def write(one: Counting, number: int) -> None:
        for turn in range(12):
            subjects = ["x", "y", "z"] if number % 2 else ["z", "x", "y"]
            try:
                with one.store.transaction() as connection:
                    unit = UnitOfWork(one.store, connection, SOURCE)
                    ctx = HandlerContext(unit, one.clock.now(), "story", f"{number}-{turn}")
                    for subject in subjects:
                        said = DomainEvent(CaseResumed(level="counting", generation=turn), subject)
                        ctx.apply(Effects(said, said))
                    unit.flush()
                    if turn % 3 == 0:
                        raise Refused("not this one")
            except Refused:
                continue

    in_threads(*(lambda one=one, number=number: write(one, number) for number, one in enumerate(ones)))
    for one in ones:
        one.store.close()
    rows = counting.outbox
    for subject in "xyz":
        assert [row["sequence"] for row in rows if row["subject"] == subject] == list(range(1, 65))
    assert len({row["event_id"] for row in rows}) == 192


def test_the_position_of_a_subjects_events_follows_their_sequence(counting: Counting) -> None:
    counting.commit(*(DomainEvent(CaseResumed(level="l", generation=1), subject) for subject in "abbab"))
    assert [(row["subject"], row["sequence"]) for row in counting.outbox] == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("b", 3)]
    assert [row["headers"]["ce-sequence"] for row in counting.outbox] == [f"{n:020d}" for n in (1, 1, 2, 2, 3)]


def test_the_same_story_has_the_same_ids(counting: Counting) -> None:
    def tell() -> list[tuple[str, bytes, dict[str, str]]]:
        with counting.store.transaction() as connection:
            for table in metadata.sorted_tables:
                connection.execute(delete(table))
        for number in range(3):
            counting.inbox().take([report("a", str(number), correlationid="story"), report("b", f"b{number}")])
        return [(row["event_id"], row["body"], row["headers"]) for row in counting.outbox]

    first = tell()
    assert tell() == first
    assert len({id_ for id_, _, _ in first}) == 6
    counting.later(seconds=1)
    assert not {id_ for id_, _, _ in tell()} & {id_ for id_, _, _ in first}


def test_what_is_said_carries_the_story_and_its_cause(counting: Counting) -> None:
    counting.inbox().take([report("a", "1", correlationid="story"), report("b", "2")])
    headers = {row["subject"]: row["headers"] for row in counting.outbox}
    assert headers["a"]["ce-correlationid"] == "story"
    assert headers["a"]["ce-causationid"] == "1"
    assert headers["a"]["ce-source"] == SOURCE
    assert headers["a"]["ce-time"] == START.isoformat().replace("+00:00", "Z")
    assert headers["b"]["ce-correlationid"] == "b"
    assert states(counting.outbox) == ["pending", "pending"]


def test_the_last_word_for_a_timer_counts(counting: Counting) -> None:
    counting.commit(
        ArmTimer("a", "sign", START, 1), CancelTimer("a", "sign"), ArmTimer("a", "sign", START, 2), ArmTimer("b", "sign", START)
    )
    counting.commit(CancelTimer("b", "sign"), CancelTimer("c", "sign"))
    assert [(row["subject"], row["generation"]) for row in counting.timers] == [("a", 2)]


def test_what_does_not_fit_the_contract_is_not_said(counting: Counting) -> None:
    with pytest.raises(InvalidEvent, match="generation"):
        counting.say("a", -1)
    assert counting.outbox == []


def _arrived(counting: Counting, subject: str, id_: str) -> Any:
    from chassis.inbox.inbox import _Arrived

    message = report(subject, id_)
    return _Arrived(message, counting.inbox().read(message))
