"""Clients of a deployment: they send commands and receive events over the broker or, without one, over HTTP.

Whichever it is, a command that is not right is said and has no effect, and one that comes too early is not lost.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import Any, Protocol

from kombu import Connection, Consumer, Exchange, Queue

from tests.kit.broker_actors import LOST, EventPublisher
from tests.kit.deployment import SERVICES
from tests.kit.embedded import EmbeddedStack
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

Heard = dict[str, Any]
"""``type``, ``subject`` and ``data`` of a public event."""


class Client(Protocol):
    """The interface of a client of one deployment."""

    def say(self, account: str, type_: str, id_: str, subject: str, data: Mapping[str, Any]) -> None:
        """Send an event of intake as an account; return when it is kept, or refused."""

    def heard(self) -> Sequence[Heard]:
        """Return every public event that was published, in the order of its arrival."""

    @property
    def refused(self) -> Sequence[str]:
        """Return the refusals of commands, with reasons; over the broker these are dead letters."""

    def close(self) -> None:
        """Disconnect."""


class AmqpClient:
    """Publishes to `intake.events`, and receives events from a queue of its own."""

    refused: Sequence[str] = ()

    def __init__(self, stack: Stack):
        self._stack = stack
        self._heard: list[Heard] = []
        self._halt = threading.Event()
        self._publishers: dict[str, EventPublisher] = {}
        self._listener = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._queue = Queue("chain", durable=True, queue_arguments={"x-queue-type": "quorum"})
        with Connection(stack.amqp("admin")) as connection, connection.channel() as channel:
            queue = self._queue(channel)
            queue.queue_declare()
            for service in SERVICES:
                queue.bind_to(Exchange(f"{service}.events", "topic"), routing_key="#")
        self._listener.start()

    def say(self, account: str, type_: str, id_: str, subject: str, data: Mapping[str, Any]) -> None:
        publisher = self._publishers.setdefault(account, EventPublisher(self._stack, account, self._halt))
        publisher.say(type_, f"/{account}", id_, subject, data)

    def heard(self) -> Sequence[Heard]:
        return list(self._heard)

    def _listen(self) -> None:
        while not self._halt.is_set():
            with suppress(*LOST), Connection(self._stack.amqp("admin"), connect_timeout=3) as connection:
                channel = connection.channel()
                with Consumer(channel, [self._queue(channel)], on_message=self._hear, auto_declare=False):
                    while not self._halt.is_set():
                        with suppress(TimeoutError):
                            connection.drain_events(timeout=0.5)

    def _hear(self, message: Any) -> None:
        headers = message.headers
        self._heard.append({"type": headers["ce-type"], "subject": headers["ce-subject"], "data": json.loads(message.body)})
        message.ack()

    def close(self) -> None:
        self._halt.set()
        self._listener.join(timeout=5)
        for publisher in self._publishers.values():
            publisher.close()


class HttpClient:
    """Sends commands over HTTP, repeated with the same key if no answer came; receives events by reading the outboxes."""

    def __init__(self, stack: EmbeddedStack):
        self._stack = stack
        self._heard: list[Heard] = []
        self.refused: list[str] = []
        self._read = dict.fromkeys(SERVICES, 0)

    def say(self, account: str, type_: str, id_: str, subject: str, data: Mapping[str, Any]) -> None:
        service, path, body = _asked(type_, subject, data)
        answers: list[tuple[int, Any]] = []

        def answered() -> bool:
            try:
                status, answer, _ = self._stack.call(service, "POST", path, account, body, id_)
            except (OSError, HTTPException) as gone:
                status, answer = 0, str(gone)
            answers.append((status, answer))
            # nobody there, no such ticket yet, or no store: over the broker it would wait
            return status not in {0, 404, 503}

        wait_until(answered, f"an answer to {type_} about {subject}", 20, details=lambda: str(answers[-1]))
        status, answer = answers[-1]
        assert status in {202, 403, 409, 422}, answer
        if status != 202:
            self.refused.append(f"{type_}: {answer['detail']}")

    def heard(self) -> Sequence[Heard]:
        for service in SERVICES:
            query = "SELECT position, state, exchange, type, subject, body FROM outbox WHERE position > %s ORDER BY position"
            for position, state, exchange, type_, subject, body in self._stack.rows(service, query, self._read[service]):
                if state == "pending":
                    break
                self._read[service] = position
                if state == "published" and exchange == f"{service}.events":
                    self._heard.append({"type": type_, "subject": subject, "data": json.loads(body)})
        return self._heard

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _asked(type_: str, subject: str, data: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """Return service, path and body of an event of intake over HTTP."""
    if type_ == "whistle.blown.v1":
        return "tickets", "/whistles", data
    if type_ == "report.filed.v1":
        return "dispatch", "/reports", {**data, "ticket": subject}
    assert type_ == "request.made.v1", f"nobody takes {type_} over HTTP"
    if data["request"] in {"consent", "withdraw"}:
        return "dispatch", f"/cases/{subject}/requests", data
    return "tickets", f"/tickets/{subject}/requests", data
