"""What cannot be read is kept as it came, and neither it nor a log line tells what nobody should know."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from chassis.effects import Refused, TooEarly
from chassis.handler_context import HandlerContext
from chassis.inbox import dead_letter_storage
from chassis.inbox.inbox_records import message_of
from chassis.inbox.retries import retry_one
from chassis.messaging import cloudevents_codec
from chassis.messaging.bus import DeadLetteredMessage
from chassis.messaging.cloudevents_codec import JSON, Message
from chassis.observability import logs
from chassis.persistence import StoreUnavailable
from chassis.quarantine import DEAD_LETTERS, Quarantine
from contracts.envelope import Event
from contracts.events.intake import ReportFiled
from tests.component.counting import (
    DEFINITION,
    START,
    Counting,
    count_up,
    notes,
    report,
    states,
)

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
    "far too deep": (Message(report("a", "1").headers, "text/plain", b"[" * 100_000), "Undecodable: data: more than 32"),
    "nothing at all": (Message({}, "application/octet-stream", b""), "Undecodable: "),
    "structured nonsense": (Message({}, "application/cloudevents+json", b"\0"), "Undecodable: body: not JSON in UTF-8"),
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
    letters = [row for row in counting.letters if row["state"] == "dead"]
    assert len(letters) == (1 if cloudevents_codec.names_of(message)["id"] else 2), (
        "without a readable id, each delivery has its own row"
    )
    for dead in letters:
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

    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.id == "waits":
            raise TooEarly("x: not here")
        count_up(event, ctx)

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


def nameless(**changes: str | None) -> Message:
    """A message whose id cannot be read."""
    return report("a", "1", id=None, **changes)


WITHOUT_ID = {
    "no id": report("a", "1", id=None),
    "an empty id": report("a", ""),
    "an id that is a number": Message({**report("a", "1").headers, "ce-id": 7}, JSON, report("a", "1").body),
    "an id that is too long": report("a", "x" * 256),
    "an id with NUL": report("a", "1\0"),
    "nothing at all": Message({}, JSON, b""),
    "structured and no JSON": Message({}, "application/cloudevents+json", b"{"),
    "structured without an id": Message({}, "application/cloudevents+json", b'{"specversion":"1.0"}'),
}


@pytest.mark.parametrize("message", WITHOUT_ID.values(), ids=WITHOUT_ID.keys())
def test_four_equal_messages_without_a_readable_id_are_four_dead_letters(message: Message, counting: Counting) -> None:
    inbox = counting.inbox()
    inbox.take([message, message])
    inbox.take([message])
    dead_letter_storage.keep(inbox, [DeadLetteredMessage(message, "the broker gave it up")])
    assert states(counting.letters) == ["dead"] * 4
    assert len({row["event_id"] for row in counting.letters}) == 4


def test_a_structured_message_with_a_readable_id_is_one_dead_letter_under_its_names(counting: Counting) -> None:
    body = {"specversion": "1.0", "id": "1", "source": "/units", "type": ReportFiled.type, "subject": "a", "time": "x"}
    message = Message({}, "application/cloudevents+json", json.dumps(body).encode())
    for _ in range(2):
        counting.inbox().take([message])
    (row,) = counting.letters
    assert (row["source"], row["type"], row["subject"]) == ("/units", ReportFiled.type, "a")
    assert row["event_id"] == f"1#{message.digest()[:16]}"


def test_a_batch_that_the_store_refuses_leaves_no_row_of_what_cannot_be_read(counting: Counting) -> None:
    """The broker delivers it again, and a message without an id would then have two."""

    def away(event: Event, ctx: HandlerContext) -> None:
        raise StoreUnavailable("gone")

    messages = [nameless(), report("a", "1"), nameless()]
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            counting.inbox(away).take(messages)
    assert counting.letters == []
    counting.inbox().take(messages)
    assert sorted(states(counting.letters)) == ["applied", "dead", "dead"]


NATIVE = {
    "ce-extra": datetime(2026, 3, 3, 8, tzinfo=UTC),
    "ce-other": True,
    "x-count": 7,
    "x-ratio": 1.5,
    "x-none": None,
    "x-decimal": Decimal("1.50"),
    "x-bytes": b"\xff\0",
    "x-not-a-number": float("inf"),
    "x-table": {"$timestamp": "no timestamp", "list": [1, {"when": datetime(1970, 1, 1, tzinfo=UTC)}]},
}


def test_a_dead_letter_keeps_the_headers_with_their_types_and_is_replayed_with_them(counting: Counting) -> None:
    sent = replace(report("a", "1"), headers={**report("a", "1").headers, **NATIVE, "ce-time": START, "ce-sequence": 7})

    def refuses(event: Event, ctx: HandlerContext) -> None:
        raise Refused("not now")

    counting.inbox(refuses).take([sent])
    with counting.store.transaction() as connection:
        row = connection.execute(select(DEFINITION.tables.inbox)).mappings().one()
    assert message_of(row) == sent
    letters = Quarantine(DEAD_LETTERS, counting.store, "tests")
    assert letters.all_again() == 1
    seen: list[Event] = []
    inbox = counting.inbox(lambda event, _: seen.append(event))
    assert retry_one(inbox)
    assert [(event.id, event.time, event.sequence) for event in seen] == [("1", START, 7)]


def test_what_a_handler_logs_carries_the_ids_of_its_event(counting: Counting, caplog: pytest.LogCaptureFixture) -> None:
    bound: list[dict[str, str | None]] = []

    def handle(event: Event, ctx: HandlerContext) -> None:
        record = logging.LogRecord("handler", logging.INFO, "", 0, "counted", (), None)
        logs._Context("counting").filter(record)
        bound.append({name: getattr(record, name, None) for name in ("correlation", "causation", "event")})
        count_up(event, ctx)

    counting.inbox(handle).take([report("a", "1", correlationid="story", causationid="cause"), report("b", "2")])
    assert bound == [
        {"correlation": "story", "causation": "cause", "event": "1"},
        {"correlation": "b", "causation": None, "event": "2"},
    ]
    assert logs._context.get() == {}


def test_the_log_of_a_failure_names_the_event_and_tells_nothing_of_its_content(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.id == "2":
            raise Refused("unit: is not yours")
        ctx.insert(notes, {"text": event.payload.note})

    messages = [report("a", "1", time="x", note="029-00001111"), report("a", "2", note="029-00001111")]
    with caplog.at_level(logging.DEBUG):
        counting.inbox(handle).take(messages)
    texts = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "ce-time: not an instant" in texts
    assert "unit: is not yours" in texts
    assert "029-0" not in texts
