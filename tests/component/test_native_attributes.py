"""Events that were written by the AMQP binding of the CloudEvents SDK, with native types, over a real broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import amqp
import pytest
from cloudevents.core.bindings.amqp import to_binary_event
from cloudevents.core.v1.event import CloudEvent

from chassis.handler_context import HandlerContext
from chassis.inbox.inbox_records import message_of
from chassis.messaging.amqp import connect
from contracts.envelope import Event
from contracts.events.intake import ReportFiled
from tests.component.broker import Broker
from tests.component.counting import Counting
from tests.component.test_consumer import running
from tests.kit.processes import wait_until

TIME = datetime(2026, 3, 3, 8, 30, tzinfo=UTC)
REPORT = {"command": "sign", "unit": "unit-1"}


def publish(broker: Broker, queue: str, body: bytes, headers: dict[str, Any]) -> None:
    """As a client of AMQP 0-9-1 does; returns when the broker has it."""
    with connect(broker.url, "tests") as connection, connection.channel() as channel:
        channel.confirm_select()
        message = amqp.Message(body, application_headers=headers, content_type="application/json", delivery_mode=2)
        channel.basic_publish_confirm(message, "", queue, mandatory=True, timeout=10)


def written(id_: str, **extensions: Any) -> tuple[bytes, dict[str, Any]]:
    """Body and headers of a report as the SDK's AMQP binding writes them."""
    attributes = {"id": id_, "source": "/units", "type": ReportFiled.type, "subject": "a", "time": TIME}
    made = to_binary_event(CloudEvent({**attributes, "datacontenttype": "application/json", **extensions}, REPORT))
    assert not isinstance(made.application_properties["cloudEvents_time"], str), "the binding writes native types"
    return made.application_data, dict(made.application_properties)


@pytest.mark.parametrize("native", [False, True], ids=["as the SDK counts", "as a timestamp of AMQP"])
def test_an_event_of_the_sdks_amqp_binding_is_taken(native: bool, broker: Broker, counting: Counting) -> None:
    seen: list[Event] = []
    queue = broker.queue()
    body, headers = written("1", correlationid="story", sequence=7, urgent=True)
    if native:
        headers["cloudEvents_time"] = TIME
    publish(broker, queue, body, headers)
    with running(broker.url, queue, counting.inbox(lambda event, _: seen.append(event)).take):
        wait_until(lambda: len(counting.letters) == 1, "it is settled", 10)
    assert [row["reason"] for row in counting.letters] == [None]
    assert [(one.id, one.time, one.sequence, one.correlationid) for one in seen] == [("1", TIME, 7, "story")]


def test_a_dead_letter_keeps_what_was_sent(broker: Broker, counting: Counting) -> None:
    queue = broker.queue()
    _, headers = written("1", urgent=True, count=3)
    headers |= {"cloudEvents_time": TIME, "x-table": {"a": [1, {"b": TIME}]}, "x-bytes": b"\xff"}
    publish(broker, queue, b"{}", headers)
    with running(broker.url, queue, counting.inbox().take):
        wait_until(lambda: len(counting.letters) == 1, "it is settled", 10)
    (row,) = counting.letters
    assert row["state"] == "dead"
    kept: Any = row
    assert dict(message_of(kept).headers) == headers
    json.dumps(row["headers"], allow_nan=False)


def test_the_reason_says_that_an_id_is_no_text(broker: Broker, counting: Counting) -> None:
    queue = broker.queue()
    body, headers = written("1")
    publish(broker, queue, body, headers | {"cloudEvents_id": 7})

    def nobody(event: Event, ctx: HandlerContext) -> None:
        raise AssertionError("handled")

    with running(broker.url, queue, counting.inbox(nobody).take):
        wait_until(lambda: len(counting.letters) == 1, "it is settled", 10)
    assert [row["reason"] for row in counting.letters] == ["Undecodable: ce-id: not text"]
