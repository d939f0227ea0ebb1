"""What stock nameko loses, wedges on or dies of, and a service on this chassis does not: one test for each trap."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chassis.messaging.amqp import AmqpConsumer
from chassis.messaging.cloudevents_codec import Message
from contracts.events.dispatch import CaseResumed
from contracts.events.intake import ReportFiled
from tests.component.broker import Broker, Road
from tests.component.counting import Counting, report
from tests.component.small import QUEUE, Small, new_world
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer


@pytest.fixture(scope="module")
def world(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[tuple[Counting, Broker]]:
    """Where the process works that most tests share."""
    with new_world(postgres_server, rabbit_server) as made:
        yield made


@pytest.fixture(scope="module")
def apart(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[tuple[Counting, Broker]]:
    """Another world, where a test's own process works alone."""
    with new_world(postgres_server, rabbit_server) as made:
        yield made


@pytest.fixture(scope="module")
def told(world: tuple[Counting, Broker]) -> str:
    """A queue with all that the service says: it hears the whole module."""
    return world[1].queue(CaseResumed.exchange(), [CaseResumed.type])


@pytest.fixture(scope="module")
def running(world: tuple[Counting, Broker], told: str) -> Iterator[Small]:
    """A process that all but the tests of start and stop share: it survives each of them."""
    small = Small(*world)
    try:
        small.until_ready()
        yield small
        assert small.process.stop() == 0
    finally:
        small.process.kill()


# --- what would be lost


def test_an_event_whose_handler_raises_is_not_lost(running: Small) -> None:
    running.sends(report("raises", "raises-1", note="raise"))
    row = running.letter("raises-1", "dead")
    assert (row["attempts"], row["reason"]) == (2, "LookupError")
    assert row["body"]
    running.still_takes()
    assert "raises" not in running.counting.counts


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"\xff{"),
        ("application/x-python-serialize", b"cos\nsystem\n(S'true'\ntR."),
        ("application/cloudevents+json", b"{"),
        (None, b""),
    ],
)
def test_a_body_that_nobody_can_read_is_not_lost(content_type: str | None, body: bytes, running: Small) -> None:
    id_ = f"unreadable-{uuid4().hex[:8]}"
    running.sends(replace(report("a", id_), body=body), content_type=content_type)
    running.until(lambda: any(bytes(row["body"] or b"") == body and row["state"] == "dead" for row in dead(running)), "dead")
    running.still_takes()


def dead(running: Small) -> list[Any]:
    return [row for row in running.counting.letters if row["state"] == "dead"]


def test_a_structured_event_is_not_lost(running: Small) -> None:
    plain = report("structured", "structured-1")
    whole = {name.removeprefix("ce-"): value for name, value in plain.headers.items()} | {"data": json.loads(plain.body)}
    running.sends(Message({}, "application/cloudevents+json", json.dumps(whole).encode()))
    running.until(lambda: running.counting.counts.get("structured") == 1, "counted")


# --- what would wedge or kill


@pytest.mark.parametrize("wrong", ["timeout", "exit"])
def test_what_is_no_exception_neither_wedges_the_consumer_nor_loses_the_event(wrong: str, running: Small) -> None:
    running.sends(report(wrong, f"{wrong}-1", note=wrong), report(wrong, f"{wrong}-2"))
    row = running.letter(f"{wrong}-1", "dead")
    assert (row["attempts"], row["reason"]) == (2, "HandlerDied")
    running.still_takes()
    assert running.counting.counts[wrong] == 1


@pytest.mark.parametrize("stack", ["text", 7, None, {"a": "b"}, [1, 2]], ids=repr)
def test_a_call_stack_of_another_kind_kills_nobody(stack: Any, running: Small) -> None:
    id_ = f"stack-{uuid4().hex[:8]}"
    running.sends(report("stack", id_), more_headers={"nameko.call_id_stack": stack, "nameko.language": 7})
    running.letter(id_, "applied")
    running.still_takes()


def test_while_every_worker_is_busy_those_on_duty_get_an_answer_at_once(running: Small, tmp_path: Path) -> None:
    """Even while the hub stands still: the answer comes from a thread of its own."""
    go_on = tmp_path / "go on"
    running.sends(report("stand", "stand-1", note=f"stand:{go_on}"))
    running.until(lambda: running.page("/healthz")[1].get("heartbeat_age_seconds", 0) > 1, "the hub stands still")
    for path in ("/healthz", "/readyz"):
        status, state = running.page(path)
        assert status == 200
        assert state["heartbeat_age_seconds"] > 1
    assert running.counting.counts.get("stand") is None
    go_on.touch()
    running.letter("stand-1", "applied")
    running.until(lambda: running.page("/healthz")[1].get("heartbeat_age_seconds", 9) < 1, "the hub turns")


# --- what would leak


def test_what_came_in_as_a_header_is_not_said_again(running: Small, told: str) -> None:
    secret = {"x-secret": "029-00001111", "nameko.auth_token": "029-00001111", "x-death": "1", "ce-other": "029-00001111"}
    subject = f"secret-{uuid4().hex[:8]}"
    running.sends(report(subject, subject, correlationid="story"), more_headers=secret)
    said: list[Any] = []

    def heard() -> bool:
        said.extend(message for message in running.broker.taken(told, 0) if message.headers["ce-subject"] == subject)
        return bool(said)

    running.until(heard, "the service says what it counted")
    (message,) = said
    assert "029-0" not in json.dumps([message.properties, message.body], default=str)
    ours = {"specversion", "type", "source", "id", "subject", "time", "correlationid", "causationid", "sequence"}
    assert message.headers.keys() - {"x-delivery-count"} == {f"ce-{name}" for name in ours}
    assert message.headers["ce-causationid"] == subject
    assert message.headers["ce-correlationid"] == "story"


def test_what_a_handler_logs_carries_the_ids_of_its_event(running: Small) -> None:
    """The handler runs in a worker of its own, which has a context of its own."""
    id_ = f"logged-{uuid4().hex[:8]}"
    running.sends(report("logged", id_, correlationid="story", causationid="cause"), report("logged", f"{id_}-2"))
    running.letter(f"{id_}-2", "applied")
    lines = {line["event"]: line for line in running.lines() if line["message"] == "taking" and "event" in line}
    first, second = lines[id_], lines[f"{id_}-2"]
    assert (first["service"], first["correlation"], first["causation"]) == ("counting", "story", "cause")
    assert (second["correlation"], second["causation"]) == ("logged", None)
    assert all("event" in line for line in running.lines() if line["message"] == "taking")


# --- start and stop


def test_a_stop_with_a_backlog_ends_in_order_and_nothing_is_redelivered(apart: tuple[Counting, Broker]) -> None:
    counting, broker = apart
    broker.queue(CaseResumed.exchange(), [CaseResumed.type])
    backlog = [report("backlog", f"backlog-{number}", note="slow") for number in range(400)]
    broker.publish(ReportFiled.type, *backlog, exchange="intake.events")
    small = Small(counting, broker, WHISTLE_BATCH="5", WHISTLE_PREFETCH="20")
    try:
        small.until(lambda: counting.counts.get("backlog", 0) > 0, "the first are counted")
        assert small.process.stop() == 0
    finally:
        small.process.kill()
    taken, left = counting.counts["backlog"], broker.ready(QUEUE)
    assert taken + left == 400
    assert left > 0
    assert small.lines()[-1]["message"] == "stopped in order"
    assert {row["state"] for row in counting.outbox} == {"published"}  # what it said went out before it ended

    stop = threading.Event()
    rest = AmqpConsumer(broker.url, QUEUE, counting.inbox().take, lambda: None, lambda _: None)
    thread = threading.Thread(target=rest.run, args=(stop,), daemon=True)
    thread.start()
    wait_until(lambda: counting.counts["backlog"] == 400, "the rest is counted", 30)
    stop.set()
    thread.join(20)
    assert rest.redelivered == 0
    assert counting.watch.count("duplicate") == 0


def test_a_broker_that_is_down_at_the_start_is_said_and_waited_for(apart: tuple[Counting, Broker]) -> None:
    road = Road(apart[1].url)
    small = Small(*apart, amqp_url=road.url)
    try:
        small.until(lambda: trouble(small) == "the broker is unavailable: ConnectionRefusedError", "it is said")
        assert small.page("/readyz")[0] == 503
        assert small.page("/healthz")[0] == 200
        road.open()
        small.until_ready()
        small.still_takes()
        assert small.process.stop() == 0
    finally:
        road.close()
        small.process.kill()


def test_a_wrong_password_is_said(apart: tuple[Counting, Broker]) -> None:
    broker = apart[1]
    small = Small(*apart, amqp_url=broker.server.url(broker.server.user, "wrong", broker.vhost))
    try:
        small.until(lambda: trouble(small) == "the broker is unavailable: AccessRefused", "it is said")
        assert small.page("/readyz")[0] == 503
        assert small.page("/healthz")[0] == 200
        assert small.process.stop() == 0
    finally:
        small.process.kill()
    assert "wrong" not in small.process.log.read_text()


def trouble(small: Small) -> Any:
    """What keeps the consumer from working."""
    return small.page("/readyz")[1].get("troubles", {}).get("consume:intake")
