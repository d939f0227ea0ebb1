"""Taking events in: each has its effect once, none is lost, and none harms another."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from chassis import log as logs
from chassis.outcome import Refused, TooEarly
from chassis.store import StoreUnavailable
from chassis.wire import Message
from chassis.work import Work
from contracts.envelope import Event
from contracts.events.intake import ReportFiled
from tests.component.counting import (
    DEFINITION,
    Counter,
    Counting,
    count_up,
    counters,
    in_threads,
    metadata,
    new_store,
    notes,
    on_postgres,
    report,
    states,
)
from tests.kit.servers import PostgresServer

INBOX = DEFINITION.tables.inbox


# --- once


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


# --- what fails


def test_one_bad_event_harms_no_other_of_its_batch(counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        count_up(event, work)
        if event.id == "bad":
            raise LookupError("029-00001111 is no number")

    counting.inbox(handle).take([report("a", "1"), report("a", "bad"), report("a", "2"), report("b", "3")])
    assert counting.counts == {"a": 2, "b": 1}
    assert [row["sequence"] for row in counting.outbox if row["subject"] == "a"] == [1, 2]
    (bad,) = [row for row in counting.letters if row["event_id"] == "bad"]
    assert (bad["state"], bad["attempts"], bad["reason"]) == ("waiting", 1, "LookupError")
    assert bad["body"]


@on_postgres
def test_a_statement_that_fails_harms_no_other_of_its_batch(counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        count_up(event, work)
        if event.id == "bad":
            work.connection.execute(text("SELECT 1/0"))

    counting.inbox(handle).take([report("a", "1"), report("a", "bad"), report("a", "2")])
    assert counting.counts == {"a": 2}
    assert states(counting.letters).count("waiting") == 1


def test_a_fact_that_comes_too_early_waits_and_is_applied_later(counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        if event.subject == "second" and work.find(Counter, "first") is None:
            raise TooEarly("first: not here yet")
        count_up(event, work)

    inbox = counting.inbox(handle)
    inbox.take([report("second", "2", note="kept")])
    (row,) = counting.letters
    assert (row["state"], row["reason"], row["user_id"]) == ("waiting", "TooEarly: first: not here yet", "units-user")
    assert inbox.retry_one()
    inbox.take([report("first", "1")])
    assert inbox.retry_one()
    assert not inbox.retry_one()
    assert counting.counts == {"first": 1, "second": 1}
    row = next(row for row in counting.letters if row["event_id"] == "2")
    assert (row["state"], row["attempts"], row["body"], row["reason"]) == ("applied", 2, None, None)
    inbox.take([report("second", "2", note="kept")])
    assert counting.counts["second"] == 1


def test_a_waiting_event_is_not_tried_before_it_is_due(counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        raise TooEarly("x: not here")

    inbox = counting.inbox(handle, first=1000)
    inbox.take([report("a", "1")])
    assert not inbox.retry_one()


def test_a_refused_command_is_dead_at_once_and_says_why(counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        count_up(event, work)
        raise Refused("unit: does not speak for it")

    counting.inbox(handle).take([report("a", "1")])
    (row,) = counting.letters
    assert (row["state"], row["reason"], row["due_at"]) == ("dead", "Refused: unit: does not speak for it", None)
    assert counting.counts == {}
    assert counting.watch.count("dead") == 1


def test_an_event_that_fails_again_and_again_is_dead_after_its_attempts(counting: Counting) -> None:
    tried: list[str] = []

    def handle(event: Event, work: Work) -> None:
        tried.append(event.id)
        raise LookupError("private")

    inbox = counting.inbox(handle, attempts=3)
    inbox.take([report("a", "1")])
    tried.clear()  # the first attempt was made in the batch and alone
    while inbox.retry_one():
        pass
    assert tried == ["1", "1"]
    (row,) = counting.letters
    assert (row["state"], row["attempts"], row["reason"], row["due_at"]) == ("dead", 3, "LookupError", None)


def test_the_pause_between_attempts_grows_to_a_bound() -> None:
    from chassis.inbox import Retries

    retries = Retries(first=0.5, longest=10)
    assert [retries.after(n).total_seconds() for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_two_retriers_try_a_waiting_event_once(counting: Counting, counting_url: str) -> None:
    def too_early(event: Event, work: Work) -> None:
        raise TooEarly("x: not here")

    counting.inbox(too_early).take([report("a", str(number)) for number in range(12)])
    other = Counting(new_store(counting_url))

    def drain(one: Counting) -> None:
        while one.inbox().retry_one():
            pass

    in_threads(lambda: drain(counting), lambda: drain(other))
    other.store.close()
    drain(counting)  # a retrier leaves when all that is due is in other hands
    assert counting.counts == {"a": 12}
    assert sorted(row["sequence"] for row in counting.outbox) == list(range(1, 13))


# --- what cannot be read


DAMAGED = {
    "no id": (report("a", "1", id=None), "Undecodable: ce-id: missing"),
    "no subject": (report("a", "1", subject=None), "Undecodable: ce-subject: missing"),
    "NUL in the id": (report("a", "1\0"), "Undecodable: ce-id"),
    "NUL in the source": (report("a", "1", source="/x\0"), "Undecodable: ce-source"),
    "half a character in the id": (report("a", "\ud800"), "Undecodable: ce-id"),
    "a huge subject": (report("a" * 9000, "1"), "Undecodable: ce-subject"),
    "a huge source": (report("a", "1", source="/" * 9000), "Undecodable: ce-source"),
    "a time before time": (report("a", "1", time="0001-01-01T00:00:00+14:00"), "Undecodable: ce-time"),
    "no JSON": (Message(report("a", "1").headers, "text/plain", b"{"), "Undecodable: data: not JSON"),
    "bytes that are no text": (Message(report("a", "1").headers, "application/json", b"\xff\0"), "Undecodable: data: not JSON"),
    "far too deep": (Message(report("a", "1").headers, "text/plain", b"[" * 100_000), "Undecodable: data: not JSON"),
    "nothing at all": (Message({}, "application/octet-stream", b""), "Undecodable: "),
    "structured nonsense": (Message({}, "application/cloudevents+json", b"\0"), "Undecodable: body: not a JSON object"),
    "an unknown type": (report("a", "1", type="report.filed.v9"), "UnknownEvent: "),
    "a type of another handler": (report("a", "1", type="whistle.blown.v1"), "InvalidEvent: "),
    "bad data": (Message(report("a", "1").headers, "application/json", b"{}"), "InvalidEvent: report.filed.v1: command"),
}


@pytest.mark.parametrize(("message", "reason"), DAMAGED.values(), ids=DAMAGED.keys())
def test_what_cannot_be_read_is_kept_with_the_reason_and_harms_no_other(
    message: Message, reason: str, counting: Counting
) -> None:
    inbox = counting.inbox()
    inbox.take([report("good", "1"), message, report("good", "2")])
    inbox.take([message])
    assert counting.counts == {"good": 2}
    (dead,) = [row for row in counting.letters if row["state"] == "dead"]
    assert dead["reason"].startswith(reason)
    assert dead["body"] == message.body
    assert dead["digest"] == message.digest()
    assert set(counting.watch.outcomes) <= {
        ("intake", ReportFiled.type, "applied"),
        ("intake", ReportFiled.type, "dead"),
        ("intake", "unreadable", "dead"),
    }


@pytest.mark.parametrize("dirt", ["\0", "\ud800"])
def test_headers_and_content_type_that_no_store_keeps_harm_nobody(dirt: str, counting: Counting) -> None:
    """A message that is applied, one that waits and one that cannot be read."""

    def handle(event: Event, work: Work) -> None:
        if event.id == "waits":
            raise TooEarly("x: not here")
        count_up(event, work)

    def dirty(message: Message) -> Message:
        return Message({**message.headers, f"x{dirt}": f"y{dirt}"}, f"application/json{dirt}", message.body, "user")

    inbox = counting.inbox(handle)
    inbox.take([dirty(report("a", "applied")), dirty(report("a", "waits")), dirty(report("a", "unreadable", time="x"))])
    assert sorted(states(counting.letters)) == ["applied", "dead", "waiting"]
    waiting = next(row for row in counting.letters if row["state"] == "waiting")
    assert waiting["headers"]["ce-id"] == "waits"


def test_an_unreadable_message_is_kept_under_what_it_says_however_it_spells_it(counting: Counting) -> None:
    headers = {name.replace("ce-", "cloudEvents:"): value for name, value in report("a", "1", time="x").headers.items()}
    counting.inbox().take([Message(headers, "application/json", b"{}")])
    (row,) = counting.letters
    assert (row["source"], row["type"], row["subject"]) == ("/units", ReportFiled.type, "a")
    assert row["event_id"].startswith("1#")


# --- the store


@on_postgres
def test_a_real_deadlock_is_tried_again_at_once(counting: Counting, counting_url: str) -> None:
    """A handler locks a, then b, while somebody else locks b, then a."""
    inbox = counting.inbox()
    inbox.take([report("a", "1"), report("b", "other")])
    holds_b, wants_a = threading.Event(), threading.Event()
    attempts: list[str] = []
    errors: list[str] = []

    def handle(event: Event, work: Work) -> None:
        attempts.append(event.id)
        count_up(event, work)
        if not wants_a.is_set():
            holds_b.wait(10)
            wants_a.set()
        work.load(Counter, "b").count += 10

    def other() -> None:
        store = new_store(counting_url)
        with suppress(Exception), store.transaction() as connection:
            # lose later than the handler does, so that it is the handler that the database picks
            connection.execute(text("SET LOCAL deadlock_timeout = '20s'"))
            connection.execute(update(counters).where(counters.c.id == "b").values(count=counters.c.count))
            holds_b.set()
            assert wants_a.wait(10)
            try:
                connection.execute(update(counters).where(counters.c.id == "a").values(count=counters.c.count))
            except Exception as wrong:
                errors.append(type(wrong).__name__)
                raise
        store.close()

    in_threads(lambda: counting.inbox(handle).take([report("a", "2")]), other)
    assert errors == []
    assert len(attempts) == 2  # the first was the deadlock's
    assert counting.counts == {"a": 2, "b": 11}
    assert states(counting.letters) == ["applied"] * 3


@on_postgres
def test_a_serialization_failure_is_tried_again_at_once_and_then_waits(counting: Counting) -> None:
    left = [2]

    def handle(event: Event, work: Work) -> None:
        count_up(event, work)
        if left[0]:
            left[0] -= 1
            work.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    counting.inbox(handle).take([report("a", "1")])
    assert states(counting.letters) == ["applied"]
    left[0] = 99
    counting.inbox(handle).take([report("a", "2")])
    row = next(row for row in counting.letters if row["event_id"] == "2")
    assert (row["state"], row["attempts"], row["reason"]) == ("waiting", 1, "StoreConflict")
    assert 99 - left[0] == 4  # in the batch, then alone, then twice again


@on_postgres
@pytest.mark.parametrize("state", ["53100", "25006", "57P01"], ids=["disk full", "read only", "shutting down"])
def test_a_store_that_cannot_write_is_nobodys_failed_attempt(state: str, counting: Counting) -> None:
    def handle(event: Event, work: Work) -> None:
        count_up(event, work)
        work.connection.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))

    with pytest.raises(StoreUnavailable):
        counting.inbox(handle).take([report("a", "1")])
    assert counting.sizes() == dict.fromkeys(counting.sizes(), 0)


@on_postgres
def test_an_outage_while_a_spoilt_batch_is_taken_one_by_one_is_no_attempt_either(counting: Counting) -> None:
    tried: list[str] = []

    def handle(event: Event, work: Work) -> None:
        tried.append(event.id)
        if tried == ["1", "2"]:
            raise LookupError("spoils the batch")
        if tried[-1] == "2":
            work.connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$"))
        count_up(event, work)

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
            inbox.retry_one()
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


# --- logs


def test_what_a_handler_logs_carries_the_ids_of_its_event(counting: Counting, caplog: pytest.LogCaptureFixture) -> None:
    bound: list[dict[str, str | None]] = []

    def handle(event: Event, work: Work) -> None:
        record = logging.LogRecord("handler", logging.INFO, "", 0, "counted", (), None)
        logs._Context("counting").filter(record)
        bound.append({name: getattr(record, name, None) for name in ("correlation", "causation", "event")})
        count_up(event, work)

    counting.inbox(handle).take([report("a", "1", correlationid="story", causationid="cause"), report("b", "2")])
    assert bound == [
        {"correlation": "story", "causation": "cause", "event": "1"},
        {"correlation": "b", "causation": None, "event": "2"},
    ]
    assert logs._context.get() == {}


def test_the_log_of_a_failure_names_the_event_and_tells_nothing_of_its_content(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    def handle(event: Event, work: Work) -> None:
        if event.id == "2":
            raise Refused("unit: is not yours")
        work.insert(notes, {"text": event.data["note"]})

    messages = [report("a", "1", time="x", note="029-00001111"), report("a", "2", note="029-00001111")]
    with caplog.at_level(logging.DEBUG):
        counting.inbox(handle).take(messages)
    texts = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "ce-time: not an instant" in texts
    assert "unit: is not yours" in texts
    assert "029-0" not in texts
