"""What producers may write themselves: what is odd and yet a whistle is taken, what is not is kept with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import amqp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chassis.messaging.amqp import connect
from contracts.events.intake import WhistleBlown
from services.tickets.domain.whistle import ticket_id
from tests.component.http.client import WHISTLE, ask
from tests.contracts.mutations import Mutation, mutations, with_more
from tests.contracts.strategies import data_for
from tests.kit.broker_actors import headers
from tests.kit.deployment import Deployment
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

SOURCE = "/odd"
T0 = "2020-03-02T09:00:00Z"
"""Before any test: what has not yet occurred is refused."""
RTL = "\u202eقوشنام قاتتىق ناخشا قويۇۋاتىدۇ😀🏠\u2066ཁྱིམ་མཚེས\u2069"
_numbers = count(1)


class Producer:
    """Writes to `intake.events` as a producer of any kind may."""

    def __init__(self, stack: Stack, channel: Any):
        self.stack, self._channel = stack, channel

    def says(self, id_: str, body: bytes, more: dict[str, Any] | None = None, **properties: Any) -> str:
        """Publish a whistle; returns the ticket it would be, when the broker has it."""
        properties = {"content_type": "application/json", "user_id": self.stack.user("hotline"), **properties}
        attributes = {**headers(WhistleBlown.type, SOURCE, id_, "whistle"), **(more or {})}
        sent = amqp.Message(body, application_headers=attributes, delivery_mode=2, **properties)
        self._channel.basic_publish_confirm(sent, "intake.events", WhistleBlown.type, mandatory=True, timeout=20)
        return ticket_id(SOURCE, id_)

    def rows(self, id_: str, state: str) -> list[str]:
        """The reasons of the rows that an id has in a state."""
        asked = "SELECT reason FROM inbox WHERE handler = 'intake' AND state = %s AND (event_id = %s OR event_id LIKE %s)"
        return [reason for (reason,) in self.stack.rows("tickets", asked, state, id_, f"{id_}#%")]

    def opened(self, ticket: str) -> bool:
        """Whether it is a ticket."""
        return ask(self.stack, "tickets", "GET", f"/tickets/{ticket}", "desk").status == 200

    def still_heard(self) -> None:
        """A good whistle right behind."""
        ticket = self.says(f"behind-{next(_numbers)}", whistle())
        wait_until(lambda: self.opened(ticket), "the whistle behind is a ticket", 20)


@pytest.fixture(scope="module")
def producer(servers_at_work: Deployment) -> Iterator[Producer]:
    """One connection for all."""
    assert isinstance(servers_at_work, Stack)
    with connect(servers_at_work.amqp("hotline"), "attacks") as connection, connection.channel() as channel:
        channel.confirm_select()
        yield Producer(servers_at_work, channel)


def whistle(**changes: Any) -> bytes:
    """The body of one."""
    return json.dumps({**WHISTLE, **changes}, ensure_ascii=False).encode()


ODD: dict[str, tuple[bytes, dict[str, Any], dict[str, Any]]] = {
    "said a hundred years ago": (whistle(), {"ce-time": "1926-01-01T00:00:00Z"}, {}),
    "said in a hundred years": (whistle(), {"ce-time": "2126-01-01T00:00:00+14:00"}, {}),
    "from right to left, and beyond the plane": (whistle(text=RTL, address=RTL, reporter={"name": RTL}), {}, {}),
    "with fields of nobody": (json.dumps(with_more(WHISTLE, {"\0": [RTL, 1e300, -0.0]})).encode(), {}, {}),
    "with a header for everything": (whistle(), {f"x-{number}": RTL for number in range(300)}, {}),
    "with a huge header": (whistle(), {"x-huge": "x" * 60_000}, {}),
    "with headers that are no text": (whistle(), {"x": [1, {"y": b"\xff"}], "ce-sequence": 7, "nameko.call_id_stack": 7}, {}),
    "with a past that it never had": (
        whistle(),
        {"x-death": [{"count": 10**6, "reason": "rejected"}], "x-delivery-count": 999},
        {},
    ),
    "of another content": (whistle(), {}, {"content_type": "image/png; charset=\ud7ff", "content_encoding": "utf-7"}),
    "of no content": (whistle(), {}, {"content_type": None}),
    "with a place to answer to": (whistle(), {}, {"reply_to": "tickets.intake", "correlation_id": "\x1b[2J", "priority": 9}),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_and_yet_a_whistle_is_a_ticket(producer: Producer, what: str) -> None:
    """A ticket is opened when its whistle is taken: nothing is reckoned from what a producer's clock says."""
    body, more, properties = ODD[what]
    odd = producer.says(f"odd {what}", body, more, **properties)
    plain = producer.says(f"plain {what}", whistle())
    wait_until(lambda: producer.opened(odd) and producer.opened(plain), what, 20)
    years = {ask(producer.stack, "tickets", "GET", f"/tickets/{one}", "desk").body["opened_at"][:4] for one in (odd, plain)}
    assert len(years) == 1


def test_an_id_is_one_body(producer: Producer) -> None:
    """The second and the third are dead beside the first; the first again is no more than a repetition."""
    for text in ("一", "二", "三", "一", "二"):
        ticket = producer.says("one body", whistle(text=text))
    producer.still_heard()
    assert producer.opened(ticket)
    assert producer.rows("one body", "dead") == ["the id was used before with another body"] * 2
    assert len(producer.rows("one body", "applied")) == 1


def test_what_has_not_yet_occurred_is_dead_with_its_field(producer: Producer) -> None:
    """Without an offset nobody knows when it was; five minutes ahead are a clock that is wrong."""
    now = datetime.now(UTC)
    producer.says("next year", whistle(occurred_at=(now + timedelta(days=365)).isoformat()))
    producer.says("no offset", whistle(occurred_at="2020-03-02T09:00:00"))
    taken = producer.says("a fast clock", whistle(occurred_at=(now + timedelta(minutes=2)).isoformat()))
    producer.still_heard()
    (ahead,), (naive,) = (producer.rows(id_, "dead") for id_ in ("next year", "no offset"))
    assert ahead == "Refused: occurred_at: Later than the time of receipt by more than 5 minutes."
    assert "occurred_at" in naive
    assert producer.opened(taken)


@pytest.mark.parametrize("field", ["area", "category", "estate"])
def test_what_is_not_registered_waits_with_its_name(producer: Producer, field: str) -> None:
    """It may have been blown before the directory came; over HTTP the sender is told at once."""
    id_ = f"unregistered {field}"
    ticket = producer.says(id_, whistle(**{field: "atlantis"}))
    producer.still_heard()
    # an event that comes too early is kept after the batch that it came with
    wait_until(lambda: bool(producer.rows(id_, "waiting")), "it is kept", 20)
    assert producer.rows(id_, "waiting") == [f"Unregistered: {field}: Not registered."]
    assert not producer.opened(ticket)


def test_a_whistle_of_nobody_is_kept_with_the_reason(producer: Producer) -> None:
    """The broker vouches for the sender's name where there is one; where there is none nobody does."""
    producer.says("nobody", whistle(), user_id=None)
    producer.still_heard()
    assert producer.rows("nobody", "dead") == ["Refused: sender: no account of that name in the identities file"]


def test_ten_megabytes_are_one_dead_row(producer: Producer) -> None:
    producer.says("10 MB", whistle(x="x" * 10_000_000))
    producer.still_heard()
    wait_until(lambda: bool(producer.rows("10 MB", "dead")), "what cannot be read is kept", 20)
    assert producer.rows("10 MB", "dead") == ["Undecodable: data: not smaller than 256 KiB"]


@st.composite
def _streams(draw: st.DrawFn) -> list[dict[str, Any] | Mutation]:
    """Good whistles, and such as have one field spoilt."""
    stream: list[dict[str, Any] | Mutation] = []
    for _ in range(12):
        data = WhistleBlown.of(draw(data_for(WhistleBlown.schema))).to_wire()
        good = {**data, "category": "noise", "area": "shanqi-1", "estate": "yangguang", "occurred_at": T0}
        stream.append(good if draw(st.booleans()) else draw(st.sampled_from(list(mutations(WhistleBlown.schema, good)))))
    return stream


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(stream=_streams())
def test_of_a_stream_every_good_one_is_a_ticket_and_every_bad_one_a_dead_row(
    producer: Producer, stream: list[dict[str, Any] | Mutation]
) -> None:
    good, bad = {}, {}
    for one in stream:
        id_ = f"stream-{next(_numbers)}"
        spoilt = isinstance(one, Mutation)
        ticket = producer.says(id_, json.dumps(one.data if isinstance(one, Mutation) else one).encode())
        (bad if spoilt else good)[id_] = one if spoilt else ticket
    wait_until(lambda: all(map(producer.opened, good.values())), "every good one is a ticket", 30)
    wait_until(lambda: all(producer.rows(id_, "dead") for id_ in bad), "every bad one is dead", 30)
    for id_, mutation in bad.items():
        (reason,) = producer.rows(id_, "dead")
        assert f": {mutation.path}" in reason or "is no number of JSON" in reason, mutation
        assert not producer.opened(ticket_id(SOURCE, id_))
    assert not any(producer.rows(id_, "dead") for id_ in good)
