"""Every queue of every service gets every bad message there is: each is one dead row with its reason, and harms no other.

The messages go to all queues at once, as the broker's administrator could send them; right behind each goes a whistle, and a
report about its ticket, whose story then has to come by every one of these queues.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import amqp
import pytest

from chassis.messaging.amqp import connect
from chassis.messaging.amqp.consumer import message_of
from contracts.generate import ROOT
from contracts.generators import samples
from contracts.topology import SERVICES, queues
from services.tickets.domain.whistle import ticket_id
from tests.component.http.client import WHISTLE, over_servers, recorded
from tests.kit.broker_actors import EventPublisher
from tests.kit.deployment import Deployment
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

pytestmark = over_servers

QUEUES = [(service, source) for service in SERVICES for source in queues(service)]
KNOWN = samples.read(ROOT)
BEHIND = "/behind"


@dataclass
class Sent:
    """A message before it is sent. ``required`` is a field that its contract wants."""

    type: str
    data: dict[str, Any]
    headers: dict[str, Any]
    required: str
    body: bytes = b""
    properties: dict[str, Any] = field(default_factory=lambda: {"content_type": "application/json"})


def good(service: str, source: str) -> Sent:
    """What the queue takes, were it not for the attack."""
    schema = next(one for one in queues(service)[source] if any(part.required for part in one.schema().fields.values()))
    sample = samples.richest(KNOWN, schema.type)
    required = next(name for name, part in schema.schema().fields.items() if part.required)
    headers = {f"ce-{name}": value for name, value in sample.attributes.items()}
    return Sent(schema.type, dict(sample.data), headers, required, json.dumps(sample.data).encode())


Attack = Callable[[Sent], None]


def body(change: Callable[[Sent], bytes]) -> Attack:
    """Another body."""

    def attack(sent: Sent) -> None:
        sent.body = change(sent)

    return attack


def data(change: Callable[[Sent], Mapping[str, Any]]) -> Attack:
    """Other data."""
    return body(lambda sent: json.dumps(change(sent)).encode())


def header(**changes: Any) -> Attack:
    """Other attributes; None leaves one out."""

    def attack(sent: Sent) -> None:
        sent.headers |= {f"ce-{name}": value for name, value in changes.items()}
        sent.headers = {name: value for name, value in sent.headers.items() if value is not None}

    return attack


def structured(text: bytes) -> Attack:
    """In structured mode."""

    def attack(sent: Sent) -> None:
        sent.headers, sent.body, sent.properties = {}, text, {"content_type": "application/cloudevents+json"}

    return attack


def another(sent: Sent) -> None:
    """As it should be, of a type that the queue is not bound for."""
    sample = samples.richest(KNOWN, "checkpoint.signed.v1")
    sent.headers["ce-type"], sent.body = sample.type, json.dumps(sample.data).encode()


def compressed(sent: Sent) -> None:
    """As a client's library would, and would say."""
    sent.body, sent.properties["content_encoding"] = gzip.compress(sent.body), "gzip"
    sent.headers["compression"] = "application/x-gzip"


ATTACKS: dict[str, tuple[str, Attack]] = {
    # the reason, where it names a field {field} of the type {type}, and what is done
    "cut off": ("Undecodable: data: not JSON in UTF-8", body(lambda sent: sent.body[:-1])),
    "UTF-16": ("Undecodable: data: not JSON in UTF-8", body(lambda sent: sent.body.decode().encode("utf-16"))),
    "a byte order mark": ("Undecodable: data: not JSON in UTF-8", body(lambda sent: b"\xef\xbb\xbf" + sent.body)),
    "compressed": ("Undecodable: data: not JSON in UTF-8", compressed),
    "bytes of all kinds": ("Undecodable: data: not JSON in UTF-8", body(lambda _: bytes(range(256)))),
    "NaN": ("Undecodable: data: NaN is no number of JSON", body(lambda sent: sent.body[:-1] + b',"x":NaN}')),
    "5,000 digits": ("Undecodable: data: not JSON in UTF-8", body(lambda sent: sent.body[:-1] + b',"x":' + b"9" * 5000 + b"}")),
    "a name twice": ("Undecodable: data: x: twice", body(lambda sent: sent.body[:-1] + b',"x":1,"x":2}')),
    "33 deep": ("Undecodable: data: more than 32", body(lambda sent: sent.body[:-1] + b',"x":' + b"[" * 32 + b"]" * 32 + b"}")),
    "too deep for Python": ("Undecodable: data: more than 32", body(lambda _: b"[" * 100_000)),
    "300 KB": ("Undecodable: data: not smaller than 256 KiB", data(lambda sent: {**sent.data, "x": "x" * 300_000})),
    "nothing": ("InvalidEvent: {type}: _schema: Invalid input type.", body(lambda _: b"")),
    "a list": ("InvalidEvent: {type}: _schema: Invalid input type.", body(lambda sent: b"[" + sent.body + b"]")),
    "a field less": (
        "InvalidEvent: {type}: {field}",
        data(lambda sent: {n: v for n, v in sent.data.items() if n != sent.required}),
    ),
    "a field of another type": ("InvalidEvent: {type}: {field}", data(lambda sent: {**sent.data, sent.required: {"a": []}})),
    "half a character": ("InvalidEvent: {type}: {field}", data(lambda sent: {**sent.data, sent.required: "\ud800"})),
    "NUL": ("InvalidEvent: {type}: {field}", data(lambda sent: {**sent.data, sent.required: "a\0"})),
    "infinite": ("InvalidEvent: {type}: {field}", body(lambda sent: b'{"' + sent.required.encode() + b'":1e999}')),
    "a version of tomorrow": ("UnknownEvent: ", header(type="ticket.opened.v99")),
    "a type of nobody": ("UnknownEvent: ", header(type="\x1b[2J029-00001234")),
    "a type of somebody else": ("UnknownEvent: ", another),
    "a type that is a number": ("Undecodable: ce-type: not text", header(type=7)),
    "an id that is a table": ("Undecodable: ce-id: not text", header(id={"a": "b"})),
    "a time that is a table": ("Undecodable: ce-time: not an instant", header(time={"a": "b"})),
    "an id that is long": ("Undecodable: ce-id: longer", header(id="x" * 256)),
    "no source": ("Undecodable: not a CloudEvent: source", header(source="")),
    "another specification": ("Undecodable: not a CloudEvent: specversion", header(specversion="2.0")),
    "no time zone": ("Undecodable: not a CloudEvent: time", header(time="2026-03-03T09:12:00")),
    "long ago": ("Undecodable: ce-time: not from 1900", header(time="1899-12-31T23:59:59Z")),
    "far ahead": ("Undecodable: ce-time: not from 1900", header(time="9999-12-31T23:59:59-14:00")),
    "a number of no store": ("Undecodable: ce-sequence: not a number", header(sequence="9" * 20)),
    "structured, and a name twice": ("Undecodable: body: id: twice", structured(b'{"id":"1","id":"2"}')),
    "structured, and a batch": ("Undecodable: ", structured(b"[]")),
    "structured, and too deep": ("Undecodable: body: more than 32", structured(b'{"data":' + b"[" * 50_000)),
}


@dataclass(frozen=True)
class Buried:
    """What became of all that was sent: for each attack and queue the reason that is wanted, and the digest it is known by."""

    wanted: Mapping[str, list[tuple[str, str, str, str]]]
    tickets: Mapping[str, str]


@pytest.fixture(scope="module")
def sent(servers_at_work: Deployment) -> Iterator[Buried]:
    """Each attack on every queue, and its whistle behind it."""
    stack = servers_at_work
    assert isinstance(stack, Stack)
    wanted: dict[str, list[tuple[str, str, str, str]]] = {what: [] for what in ATTACKS}
    tickets: dict[str, str] = {}
    mouths = {account: EventPublisher(stack, account, threading.Event()) for account in ("hotline", "responders")}
    with connect(stack.amqp("admin"), "attacks") as connection, connection.channel() as channel:
        channel.confirm_select()
        for number, (what, (reason, attack)) in enumerate(ATTACKS.items()):
            for service, source in QUEUES:
                made = good(service, source)
                made.headers |= {"ce-id": f"attack-{number}-{service}-{source}", "ce-subject": f"T-ATTACK-{number}"}
                attack(made)
                message = amqp.Message(made.body, application_headers=made.headers, delivery_mode=2, **made.properties)
                channel.basic_publish_confirm(message, "", f"{service}.{source}", mandatory=True, timeout=10)
                told = reason.format(type=made.type, field=made.required)
                wanted[what].append((service, source, told, message_of(message).digest()))
            id_ = f"behind-{number}"
            tickets[what] = ticket_id(BEHIND, id_)
            mouths["hotline"].say("whistle.blown.v1", BEHIND, id_, "whistle", WHISTLE)
            signs = {"command": "sign", "unit": "yangguang-property"}
            mouths["responders"].say("report.filed.v1", "/responders", f"sign-{number}", tickets[what], signs)
    yield Buried(wanted, tickets)
    for mouth in mouths.values():
        mouth.close()


@pytest.mark.parametrize("what", ATTACKS)
def test_a_bad_message_is_one_dead_row_with_its_reason_in_every_queue(stack: Stack, sent: Buried, what: str) -> None:
    asked = "SELECT reason FROM inbox WHERE handler = %s AND digest = %s AND state = 'dead'"
    for service, source, reason, digest in sent.wanted[what]:
        wait_until(lambda s=service, h=source, d=digest: bool(stack.rows(s, asked, h, d)), f"{what} at {service}.{source}")
        ((told,),) = stack.rows(service, asked, source, digest)
        assert told.startswith(reason), (service, source)
        assert "029-00001234" not in told


@pytest.mark.parametrize("what", ATTACKS)
def test_the_whistle_right_behind_it_takes_its_way_through_every_queue(stack: Stack, sent: Buried, what: str) -> None:
    ticket = sent.tickets[what]
    story = {"ticket.opened.v1", "case.started.v1", "assignment.made.v1", "assignment.signed.v1", "notification.sent.v1"}
    wait_until(lambda: story <= set(recorded(stack, ticket)), f"the story of {ticket}", 60)
