"""What SQLite does in a server's place: one writer, a file that may be full, and locks that are locks of the kernel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from chassis.effects import ArmTimer
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import retry_one
from chassis.persistence import Store, StoreUnavailable, engine, store
from chassis.persistence.engine import read_only
from chassis.persistence.leader_election import leader_election
from chassis.timers import TimerFired
from contracts.envelope import Event
from tests.component.counting import START, Counting, count_up, in_threads, new_store, notes, report, states
from tests.component.ringing import timers

pytestmark = pytest.mark.parametrize("counting_url", ["sqlite"], indirect=True)
NO_LIMIT = 2**30


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.1)
    monkeypatch.setattr(store, "TURN_SECONDS", 0.1)


@pytest.fixture
def elsewhere(counting: Counting) -> Iterator[sqlite3.Connection]:
    """The same file, opened by somebody else."""
    with closing(sqlite3.connect(_file(counting.store), isolation_level=None, timeout=0, check_same_thread=False)) as opened:
        yield opened


def _file(one: Store) -> str:
    return str(one.engine.url.database)


def _pragma(one: Counting, pragma: str) -> None:
    """Say something to the connections of the pool; it has one while nothing runs at once."""
    with one.store.engine.connect().execution_options(sqlite_begin="BEGIN") as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma}")


@contextmanager
def full(one: Counting, elsewhere: sqlite3.Connection) -> Iterator[None]:
    """Within the block its file cannot grow, and has no room within."""
    elsewhere.execute("VACUUM")
    _pragma(one, "max_page_count = 1")  # counts as what it has
    try:
        yield
    finally:
        _pragma(one, f"max_page_count = {NO_LIMIT}")


def _untouched(one: Counting) -> None:
    assert one.sizes() == dict.fromkeys(one.sizes(), 0)
    assert one.watch.outcomes == []


def test_a_full_disk_is_nobodys_failed_attempt(counting: Counting, elsewhere: sqlite3.Connection) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        ctx.insert(notes, {"text": "x" * 1_000_000})

    with full(counting, elsewhere):
        for messages in ([report("a", "1")], [report("a", "1"), report("b", "2")]):
            with pytest.raises(StoreUnavailable, match="full"):
                counting.inbox(handle).take(messages)
        _untouched(counting)
    counting.inbox(handle).take([report("a", "1"), report("b", "2")])
    assert counting.counts == {"a": 1, "b": 1}


def test_a_file_that_nobody_may_write_is_nobodys_failed_attempt(counting: Counting) -> None:
    _pragma(counting, "query_only = 1")
    try:
        with pytest.raises(StoreUnavailable, match="readonly"):
            counting.inbox().take([report("a", "1")])
        with pytest.raises(StoreUnavailable, match="readonly"):
            counting.inbox().take([report("a", "2", time="x")])  # not even a dead letter can be kept
    finally:
        _pragma(counting, "query_only = 0")
    _untouched(counting)
    counting.inbox().take([report("a", "1")])
    assert counting.counts == {"a": 1}


def test_an_outage_puts_no_timer_off(counting: Counting, elsewhere: sqlite3.Connection) -> None:
    counting.commit(ArmTimer("a", "sign", START))

    def ring(timer: TimerFired, ctx: HandlerContext) -> None:
        ctx.insert(notes, {"text": "x" * 1_000_000})

    with full(counting, elsewhere), pytest.raises(StoreUnavailable):
        timers(counting, ring).fire_due()
    assert [(row["attempts"], row["retry_at"]) for row in counting.timers] == [(0, None)]


def test_a_statement_that_is_wrong_is_no_outage(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        ctx.connection.execute(text("SELECT * FROM nowhere"))

    counting.inbox(handle).take([report("a", "1")])
    assert [(row["state"], row["reason"]) for row in counting.letters] == [("waiting", "OperationalError")]


# --- one writer


def test_while_another_process_writes_nothing_is_settled_and_nothing_is_an_attempt(
    counting: Counting, elsewhere: sqlite3.Connection, impatient: None
) -> None:
    elsewhere.execute("BEGIN IMMEDIATE")
    inbox = counting.inbox()
    for messages in ([report("a", "1")], [report("a", "1"), report("b", "2", time="x")]):
        with pytest.raises(StoreUnavailable, match="locked"):
            inbox.take(messages)
    with pytest.raises(StoreUnavailable):
        retry_one(inbox)
    with pytest.raises(StoreUnavailable):
        counting.store.probe()
    elsewhere.execute("ROLLBACK")
    _untouched(counting)
    inbox.take([report("a", "1")])
    assert [(row["state"], row["attempts"]) for row in counting.letters] == [("applied", 1)]


def test_a_writer_waits_for_another_process_that_is_quick(counting: Counting, elsewhere: sqlite3.Connection) -> None:
    """Not in the driver, where a green thread would stop all others: that one of them lets go of the lock."""
    elsewhere.execute("BEGIN IMMEDIATE")
    in_threads(lambda: counting.inbox().take([report("a", "1")]), lambda: elsewhere.execute("COMMIT"))
    assert counting.counts == {"a": 1}


def test_a_transaction_that_holds_the_store_for_too_long_is_an_outage(counting: Counting, impatient: None) -> None:
    with counting.store.transaction(), pytest.raises(StoreUnavailable, match="has held the store"):
        counting.inbox().take([report("a", "1")])
    counting.inbox().take([report("a", "1")])
    assert counting.counts == {"a": 1}


def test_a_long_look_at_everything_is_in_no_writers_way_and_sees_one_moment(counting: Counting) -> None:
    with counting.store.engine.connect() as connection:
        looking = read_only(connection)
        assert looking.execute(select(notes)).all() == []
        counting.inbox().take([report("a", "1")])
        with counting.store.transaction() as writing:
            writing.execute(insert(notes).values(text="later"))
        assert looking.execute(select(notes)).all() == []
    assert counting.counts == {"a": 1}
    assert len(counting.rows(notes)) == 1


def test_what_is_committed_is_on_the_disk(counting: Counting) -> None:
    """A commit returns when the kernel has been asked to write it: a power cut takes nothing back."""
    with counting.store.transaction() as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}


# --- who leads


def test_one_leads_and_the_other_follows_when_it_ends(counting: Counting, counting_url: str) -> None:
    other = new_store(counting_url)
    with leader_election(other) as second:
        with leader_election(counting.store) as first:
            assert first.lead()
            assert first.lead()
            assert not second.lead()
        assert second.lead()
        with leader_election(counting.store) as first:
            assert not first.lead()
    other.close()


def test_a_commit_wakes_the_leader_and_one_that_said_nothing_does_not(counting: Counting) -> None:
    with leader_election(counting.store) as session:
        counting.commit(ArmTimer("a", "sign", START))
        assert not session.wait(0)
        counting.say("a")
        assert session.wait(0)
        assert not session.wait(0)


def test_a_rolled_back_transaction_wakes_nobody(counting: Counting) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        count_up(event, ctx)
        ctx.connection.execute(text("INSERT INTO counters (id) VALUES ('half a row')"))

    with leader_election(counting.store) as session:
        counting.inbox(handle).take([report("a", "1")])
        assert states(counting.letters) == ["waiting"]
        assert not session.wait(0)


def test_a_directory_that_is_gone_is_an_outage(counting: Counting, tmp_path: Path) -> None:
    gone = new_store(f"sqlite:///{tmp_path}/gone/counting.db")
    with pytest.raises(StoreUnavailable, match="unable to open"), gone.transaction():
        pass
    with pytest.raises(StoreUnavailable, match="No such file"), leader_election(gone):
        pass
    gone.close()
