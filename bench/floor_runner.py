"""Running the floor: for each service one plain loop, all at once, on the servers of the measured run."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kombu import Connection, Queue

from bench.database_counts import ask
from bench.deployment import BenchDeployment
from bench.row_allocation import Counts
from chassis.messaging.amqp import AmqpPublisher
from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import JSON, Message
from tests.kit.deployment import ROOT
from tests.kit.processes import ServerError, end_with_this_run

PAGE = 500


@dataclass(frozen=True)
class Task:
    """A service's work in the measured run: rows by table, in so many events, each a message unless it came by HTTP."""

    service: str
    events: int
    rows: Mapping[str, Counts]
    consumes: bool = True

    def __str__(self) -> str:
        rows = ", ".join(f"{table} {counts}" for table, counts in self.rows.items())
        messages = self.rows.get("outbox", Counts()).inserted
        return f"{self.service}: {self.events} transactions, {messages} messages published, {self.consumed} consumed; {rows}"

    @property
    def consumed(self) -> int:
        """Return the number of consumed messages."""
        return self.events if self.consumes else 0


@dataclass(frozen=True)
class Floor:
    """The duration of all loops together, in seconds, and each one's work."""

    seconds: float
    tasks: tuple[Task, ...]

    def __str__(self) -> str:
        return "\n".join(f"      floor {task}" for task in self.tasks)


def run(town: BenchDeployment, *tasks: Task) -> Floor:
    """Run the loops of all tasks at once, over a broker's virtual host of their own with the real queues."""
    with _virtual_host(town) as vhost:
        for task in tasks:
            _fill(town, vhost, task)
        loops = [_start(town, vhost, task) for task in tasks]
        try:
            for loop in loops:
                _line(loop)
            for loop in loops:
                assert loop.stdin is not None
                loop.stdin.write("go\n")
                loop.stdin.flush()
            done: list[dict[str, Any]] = [json.loads(_line(loop)) for loop in loops]
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()
    for task, one in zip(tasks, done, strict=True):
        published = task.rows.get("outbox", Counts()).inserted
        assert one["transactions"] == task.events
        assert one["published"] == published, f"{task.service}: {one['published']} of {published} messages"
        rows = sum(counts.inserted + counts.updated + counts.deleted for counts in task.rows.values())
        assert one["rows"] == rows, f"{task.service}: {one['rows']} of {rows} rows"
    return Floor(max(one["ended"] for one in done) - min(one["began"] for one in done), tasks)


@contextlib.contextmanager
def _virtual_host(town: BenchDeployment) -> Iterator[str]:
    name = f"{town.name}-floor"
    town.rabbit.add_vhost(name)
    try:
        town.whistle("topology", "--url", town.rabbit.url(vhost=name))
        yield name
    finally:
        town.rabbit.delete_vhost(name)


def _queue(task: Task) -> str:
    return f"floor.{task.service}"


def _fill(town: BenchDeployment, vhost: str, task: Task) -> None:
    """Publish the messages that the loop will consume, each of the size of those that tickets publishes."""
    url = town.rabbit.url(vhost=vhost)
    with Connection(url) as connection, connection.channel() as channel:
        Queue(_queue(task), durable=True, queue_arguments={"x-queue-type": "quorum"})(channel).queue_declare()
    bodies = [bytes(body) for (body,) in ask(town.databases["tickets"], "SELECT body FROM outbox LIMIT 100")]
    publisher = AmqpPublisher(url, "bench floor")
    for start in range(0, task.consumed, PAGE):
        numbers = range(start, min(start + PAGE, task.consumed))
        messages = [Message({}, JSON, bodies[number % len(bodies)]) for number in numbers]
        publisher.publish([Letter("", "", _queue(task), message, mandatory=False) for message in messages])
    publisher.close()


def _start(town: BenchDeployment, vhost: str, task: Task) -> subprocess.Popen[str]:
    rabbit = town.rabbit
    job = {
        "measured": town.databases[task.service],
        "floor": town.empty[task.service],
        "broker": {
            "address": f"{rabbit.host}:{rabbit.port}",
            "user": rabbit.user,
            "password": rabbit.password,
            "vhost": vhost,
        },
        "queue": _queue(task),
        "consumes": task.consumes,
        "events": task.events,
        "counts": {table: [one.inserted, one.updated, one.deleted] for table, one in task.rows.items()},
    }
    command = [sys.executable, "-m", "bench.floor_loop", json.dumps(job)]
    loop = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    end_with_this_run(loop.pid)
    return loop


def _line(loop: subprocess.Popen[str]) -> str:
    assert loop.stdout is not None
    line = loop.stdout.readline()
    if not line:
        raise ServerError(f"a floor's loop ended with status {loop.wait()}")
    return line
