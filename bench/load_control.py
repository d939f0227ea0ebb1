"""Starting the load generator's process, and reading its report."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from kombu import Connection, Exchange, Queue

from bench.database_counts import ask
from bench.deployment import BenchDeployment
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
class LoadReport:
    """The report: when each ticket was whistled and closed, and the share of a processor that the generator took."""

    began: float
    ended: float
    cpu: float
    blown: dict[str, float]
    closed: dict[str, float]

    @property
    def load(self) -> float:
        """Return the share of one processor."""
        return self.cpu / (self.ended - self.began)


class LoadControl:
    """The load of one deployment. A number is never whistled twice."""

    def __init__(self, town: BenchDeployment):
        self._town, self._first = town, 0
        _declare(town.amqp("admin"))

    def live(self, count: int, window: int = 200, rate: float = 0.0, seconds: float = 120) -> LoadReport:
        """Run so many life cycles, at most ``window`` at once or at a rate; return when all are closed. Fails on time-out."""
        job = {"first": self._first, "count": count, "window": window, "rate": rate, "seconds": seconds, "whistles": True}
        self._first += count
        accounts = {account: self._town.amqp(account) for account in ACCOUNTS}
        told = self._send(job | {"accounts": accounts, "url": self._town.amqp("admin"), "queue": QUEUE})
        assert len(told.closed) == count, f"{len(told.closed)} of {count} closed"
        return told

    def ceiling(self) -> tuple[int, float]:
        """Return how many life cycles a second the generator alone can answer, by replaying all it received to no service."""
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

    def _send(self, job: dict[str, Any]) -> LoadReport:
        result = self._town.directory / f"people-{time.monotonic_ns()}.json"
        command = [sys.executable, "-m", "bench.load_generator", json.dumps(job | {"result": str(result)})]
        with subprocess.Popen(command, cwd=ROOT) as people:
            end_with_this_run(people.pid)
            if people.wait(timeout=job["seconds"] + 60):
                raise RuntimeError("the people did not come back")
        return LoadReport(**json.loads(result.read_text()))


def _declare(url: str) -> None:
    with Connection(url) as connection, connection.channel() as channel:
        queue = Queue(QUEUE, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel)
        queue.queue_declare()
        for exchange, key in HEARD:
            queue.bind_to(Exchange(exchange, "topic"), routing_key=key)


def _say_again(town: BenchDeployment, url: str) -> int:
    """Publish once more what the generator received; return the number of life cycles."""
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
