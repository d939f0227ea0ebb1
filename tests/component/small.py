"""One process of the counting service as nameko runs it, and what it works on."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from chassis.messaging.amqp import connect
from chassis.messaging.amqp.topology import declare
from chassis.messaging.cloudevents_codec import Message
from contracts.events.dispatch import CaseResumed
from contracts.events.intake import ReportFiled
from contracts.topology import EXCHANGES
from tests.component.broker import Broker
from tests.component.counting import Counting, metadata, new_store, report, states
from tests.kit.processes import LocalProcess, free_port, scratch_directory, wait_until
from tests.kit.servers import PostgresServer, RabbitServer

ROOT = Path(__file__).parents[2]


QUEUE = "counting.intake"


class Small:
    """One process of the counting service, and what it works on."""

    def __init__(self, one: Counting, broker: Broker, amqp_url: str | None = None, **more: str):
        self.counting, self.broker = one, broker
        self.ops = free_port()
        self.directory = scratch_directory("small")
        (self.directory / "identities.yaml").write_text("accounts: []")
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WHISTLE_")},
            "PYTHONPATH": str(ROOT),
            "WHISTLE_DATABASE_URL": one.store.url,
            "WHISTLE_AMQP_URL": amqp_url or broker.url,
            "WHISTLE_IDENTITIES": str(self.directory / "identities.yaml"),
            "WHISTLE_SECRET": "a secret of the tests",
            "WHISTLE_OPS": f"127.0.0.1:{self.ops}",
            "WHISTLE_RETRY_ATTEMPTS": "2",
            "WHISTLE_RETRY_FIRST": "0.01",
            **more,
        }
        self.process = LocalProcess([sys.executable, "-m", "tests.component.small_service"], self.directory, env)
        self.process.start()

    def page(self, path: str) -> tuple[int, Any]:
        """A page for those on duty: status and content; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops}{path}", timeout=2) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())
        except OSError:
            return 0, {}

    def until(self, condition: Any, what: str, seconds: float = 20) -> None:
        """Wait for something that the living process does."""
        wait_until(condition, what, seconds, lambda: self.process.alive, self.process.log_tail)

    def until_ready(self) -> None:
        """Wait until it reports no outage."""
        self.until(lambda: self.page("/readyz")[0] == 200, "ready", 30)

    def sends(self, *messages: Message, **properties: Any) -> None:
        """Publish reports as the world outside does."""
        self.broker.publish(ReportFiled.type, *messages, exchange="intake.events", **properties)

    def still_takes(self) -> None:
        """Neither the process nor its consumer was harmed: an ordinary report is counted."""
        subject = f"after-{uuid4().hex[:8]}"
        self.sends(report(subject, subject))
        self.until(lambda: self.counting.counts.get(subject) == 1, "an ordinary report is counted")
        assert self.broker.ready(QUEUE) == 0

    def letter(self, id_: str, state: str) -> dict[str, Any]:
        """The inbox row of an event; waits until it has a state."""
        found: list[Any] = []

        def look() -> bool:
            rows = [row for row in self.counting.letters if row["event_id"].startswith(id_)]
            found[:] = rows
            return states(rows) == [state]

        self.until(look, f"{id_} is {state}")
        return dict(found[0])

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.process.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def new_world(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[tuple[Counting, Broker]]:
    """A database and a virtual host with the service's queue."""
    name = f"small_{uuid4().hex[:8]}"
    one = Counting(new_store(postgres_server.create_database(name)))
    metadata.create_all(one.store.engine)
    rabbit_server.add_vhost(name)
    broker = Broker(rabbit_server, name)
    with connect(broker.url, "tests") as connection:
        heard = {QUEUE: {"intake.events": [ReportFiled.type]}, "listener": {CaseResumed.exchange(): [CaseResumed.type]}}
        declare(connection, EXCHANGES, heard)  # somebody hears what it says: else that is parked, and the service unready
    yield one, broker
    one.store.close()
    rabbit_server.delete_vhost(name)
    postgres_server.drop_database(name)
