"""Sending the people out, and hearing from them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from kombu import Connection, Exchange, Queue

from bench.town import Town
from bench.written import ask
from chassis.messaging.amqp import AmqpPublisher
from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import JSON, Message
from tests.kit.deployment import ROOT
from tests.kit.processes import end_with_this_run

QUEUE = "people"
ACCOUNTS = ("hotline", "responders", "grid", "desk")
HEARD = (
    ("dispatch.events", "assignment.made.v1"),
    ("tickets.events", "ticket.verified.v1"),
    ("tickets.events", "ticket.closed.v1"),
)


@dataclass(frozen=True)
class Told:
    """What the people tell: when each ticket was whistled and closed, and what part of a processor they took."""

    began: float
    ended: float
    cpu: float
    blown: dict[str, float]
    closed: dict[str, float]

    @property
    def load(self) -> float:
        """Of one processor."""
        return self.cpu / (self.ended - self.began)


class Crowd:
    """The people of one town. They never whistle a number twice."""

    def __init__(self, town: Town):
        self._town, self._first = town, 0
        _declare(town.amqp("admin"))

    def live(self, count: int, window: int = 200, rate: float = 0.0, seconds: float = 120) -> Told:
        """So many lives, at most ``window`` at once or at a rate; returns when all are closed. Fails when the time is over."""
        job = {"first": self._first, "count": count, "window": window, "rate": rate, "seconds": seconds, "whistles": True}
        self._first += count
        accounts = {account: self._town.amqp(account) for account in ACCOUNTS}
        told = self._send(job | {"accounts": accounts, "url": self._town.amqp("admin"), "queue": QUEUE})
        assert len(told.closed) == count, f"{len(told.closed)} of {count} closed"
        return told

    def ceiling(self) -> tuple[int, float]:
        """How many lives a second the people alone can answer: they hear again all that they heard, and nobody listens."""
        town, vhost = self._town, f"{self._town.name}-alone"
        town.rabbit.add_vhost(vhost)
        try:
            url = town.rabbit.url(vhost=vhost)
            town.whistle("topology", "--url", url)
            _declare(url)
            lives = _say_again(town, url)
            job = {"first": 0, "count": lives, "window": 0, "rate": 0, "seconds": 60, "whistles": False}
            told = self._send(job | {"accounts": dict.fromkeys(ACCOUNTS, url), "url": url, "queue": QUEUE})
            return lives, len(told.closed) / (told.ended - told.began)
        finally:
            town.rabbit.delete_vhost(vhost)

    def _send(self, job: dict[str, Any]) -> Told:
        result = self._town.directory / f"people-{time.monotonic_ns()}.json"
        command = [sys.executable, "-m", "bench.people", json.dumps(job | {"result": str(result)})]
        with subprocess.Popen(command, cwd=ROOT) as people:
            end_with_this_run(people.pid)
            if people.wait(timeout=job["seconds"] + 60):
                raise RuntimeError("the people did not come back")
        return Told(**json.loads(result.read_text()))


def _declare(url: str) -> None:
    with Connection(url) as connection, connection.channel() as channel:
        queue = Queue(QUEUE, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel)
        queue.queue_declare()
        for exchange, key in HEARD:
            queue.bind_to(Exchange(exchange, "topic"), routing_key=key)


def _say_again(town: Town, url: str) -> int:
    """Publish once more what the people heard; answers how many lives it is of."""
    rows: list[tuple[Any, ...]] = []
    for service in ("dispatch", "tickets"):
        types = ", ".join(f"'{key}'" for exchange, key in HEARD if exchange.startswith(service))
        query = f"SELECT event_id, exchange, type, headers, body FROM outbox WHERE type IN ({types}) ORDER BY position"
        rows += ask(town.databases[service], query)
    publisher = AmqpPublisher(url, "bench again")
    letters = [Letter(id_, to, type_, Message(headers, JSON, bytes(body)), False) for id_, to, type_, headers, body in rows]
    for start in range(0, len(letters), 500):
        publisher.publish(letters[start : start + 500])
    publisher.close()
    return sum(one.type == "ticket.closed.v1" for one in letters)
