"""Simulated actors over the broker: producers who whistle, responders and a front desk who act on events.

It knows the services only by their events. Every command has an id that follows from what it answers, so that repeating it
after an outage is the same command. It survives the broker's restarts, and keeps the ids of all that it sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import amqp
import kombu
from kombu import Connection, Consumer, Exchange, Queue

from chassis.messaging.amqp import connect
from tests.kit.stack import Stack

LOST = (amqp.AMQPError, amqp.exceptions.MessageNacked, kombu.exceptions.KombuError, OSError)
SOURCE = "/hotline"
RATING = {"request": "rate", "resolved": True, "satisfied": True}


def headers(type_: str, source: str, id_: str, subject: str) -> dict[str, str]:
    """Return the attributes of an event in binary mode."""
    return {
        "ce-specversion": "1.0",
        "ce-type": type_,
        "ce-source": source,
        "ce-id": id_,
        "ce-subject": subject,
        "ce-time": datetime.now(UTC).isoformat(),
    }


class EventPublisher:
    """Publishes to `intake.events` as one account, each message confirmed, through every outage."""

    def __init__(self, stack: Stack, account: str, stop: threading.Event):
        self._stack, self._account, self._halt = stack, account, stop
        self._connection: Connection | None = None
        self._channel: Any = None

    def say(self, type_: str, source: str, id_: str, subject: str, data: Mapping[str, Any]) -> None:
        """Publish an event; return when the broker confirmed it."""
        body = json.dumps(data, ensure_ascii=False).encode()
        while not self._halt.is_set():
            try:
                if self._connection is None:
                    self._connection = connect(self._stack.amqp(self._account), f"street.{self._account}")
                    self._channel = self._connection.channel()
                    self._channel.confirm_select()
                self._channel.basic_publish_confirm(
                    amqp.Message(
                        body,
                        application_headers=headers(type_, source, id_, subject),
                        content_type="application/json",
                        delivery_mode=2,
                        user_id=self._connection.userid,
                    ),
                    "intake.events",
                    type_,
                    timeout=10,
                    confirm_timeout=10,
                )
                return
            except LOST:
                self.close()
                self._halt.wait(0.2)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.collect()
        self._connection = None


def matter(number: int) -> dict[str, Any]:
    """Return the data of a whistle by its number."""
    return {
        "category": ("noise", "parking", "leak")[number % 3],
        "area": f"shanqi-{number % 2 + 1}",
        "estate": ("yangguang", "heping")[number % 2],
        "channel": "hotline",
        "text": f"楼上半夜放音乐，第 {number} 次",
        "reporter": {"name": "王阿姨", "phone": f"029-0000{number:04d}", "locale": "zh"},
    }


def answer_to(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the immediate answer to an assignment: the account, and its reports in order."""
    if data["purpose"] == "verify":
        return "grid", [{"command": "verify", "unit": data["to"], "passed": True}]
    return "responders", [{"command": command, "unit": data["to"]} for command in ("sign", "report_in", "handle")]


class BrokerActors(threading.Thread):
    """Listens to tickets and dispatch and answers. ``sent`` are the ids of the whistles that the broker confirmed.

    While ``at_work`` is False assignments are heard and put off until it is True again; while ``answers`` is False no
    resident rates.
    """

    def __init__(self, stack: Stack):
        super().__init__(name="street", daemon=True)
        self.stack, self.source = stack, SOURCE
        self.sent: list[str] = []
        self.closed: dict[str, str] = {}
        self.at_work = self.answers = True
        self._put_off: list[tuple[str, Mapping[str, Any]]] = []
        self._halt = threading.Event()
        self._publishers = {
            account: EventPublisher(stack, account, self._halt) for account in ("hotline", "responders", "grid", "desk")
        }
        self._whistler = EventPublisher(stack, "hotline", self._halt)
        self._queue = Queue("street", durable=True, queue_arguments={"x-queue-type": "quorum"})
        self._declare()

    def _declare(self) -> None:
        with connect(self.stack.amqp("admin"), "street") as connection, connection.channel() as channel:
            queue = self._queue(channel)
            queue.queue_declare()
            for exchange, key in (
                ("dispatch.events", "assignment.made.v1"),
                ("tickets.events", "ticket.verified.v1"),
                ("tickets.events", "ticket.closed.v1"),
            ):
                queue.bind_to(Exchange(exchange, "topic"), routing_key=key)

    def whistle(self, number: int, **changes: Any) -> str:
        """Blow a whistle and keep its id. Return the id."""
        id_ = f"w-{number:06d}"
        self._whistler.say("whistle.blown.v1", SOURCE, id_, id_, {**matter(number), **changes})
        self.sent.append(id_)
        return id_

    def run(self) -> None:
        while not self._halt.is_set():
            try:
                self._listen()
            except LOST:
                self._halt.wait(0.3)

    def _listen(self) -> None:
        with connect(self.stack.amqp("admin"), "street", heartbeat=10) as connection:
            channel = connection.channel()
            channel.basic_qos(0, 50, False)
            with Consumer(channel, [self._queue(channel)], on_message=self._hear, auto_declare=False):
                while not self._halt.is_set():
                    while self.at_work and self._put_off:
                        self._work(*self._put_off.pop())
                    with suppress(TimeoutError):
                        connection.drain_events(timeout=0.5)

    def _hear(self, message: Any) -> None:
        type_, ticket = message.headers["ce-type"], message.headers["ce-subject"]
        data = json.loads(message.body)
        if type_ == "assignment.made.v1":
            if self.at_work:
                self._work(ticket, data)
            else:
                self._put_off.append((ticket, data))
        elif type_ == "ticket.verified.v1" and not self.answers:
            pass
        elif type_ == "ticket.verified.v1":
            self._publishers["desk"].say("request.made.v1", "/desk", f"rate-{ticket}-{data['generation']}", ticket, RATING)
        else:
            self.closed[ticket] = data["closure"]
        message.ack()

    def _work(self, ticket: str, data: Mapping[str, Any]) -> None:
        account, reports = answer_to(data)
        for report in reports:
            id_ = f"{data['assignment']}-{report['command']}"
            self._publishers[account].say("report.filed.v1", f"/{account}", id_, ticket, report)

    def stop(self) -> None:
        """Stop listening and close the connections."""
        self._halt.set()
        self.join(timeout=10)
        for publisher in (*self._publishers.values(), self._whistler):
            publisher.close()
