"""The floor: one plain loop of psycopg2 and py-amqp, run as a process of its own. No framework, nothing batched.

    take a message · write its rows in one transaction · publish each of its messages and wait for the confirm · ack

The rows are those of the measured run, as they stand in its tables, shared out evenly over its events. A loop reads none of
them back, decides nothing and validates nothing; an event that was published is marked in the next event's transaction. So it
does less than any service could.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import amqp
import psycopg2
from psycopg2.extras import execute_batch, execute_values, register_default_jsonb

from bench.sharing import Counts, fitted
from bench.tables import Shape, shape_of

PREFETCH = 200
PENDING = {"state": "pending", "published_at": None}


@dataclass
class Written:
    """One table's share of the work: what is still to be inserted, and what is there to be changed or deleted."""

    shape: Shape
    rows: list[dict[str, Any]]
    counts: Counts
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def write(self, cursor: Any, part: Counts) -> list[dict[str, Any]]:
        """One transaction's part; answers the rows that were inserted."""
        new = self.rows[self.inserted : self.inserted + part.inserted]
        if new:
            execute_values(cursor, self.shape.insert, [[row[name] for name in self.shape.columns] for row in new])
            self.inserted += len(new)
        if part.updated and self.inserted:
            changed = [self.rows[(self.updated + n) % self.inserted] for n in range(part.updated)]
            numbers = [(self.updated + n) % self.inserted + 1 for n in range(part.updated)]
            values = [self.shape.change(row, number) for row, number in zip(changed, numbers, strict=True)]
            execute_batch(cursor, self.shape.update, values)
            self.updated += part.updated
        if part.deleted and self.shape.serial:
            gone = [[self.deleted + n + 1] for n in range(part.deleted)]
            execute_batch(cursor, self.shape.delete, gone)
            self.deleted += part.deleted
        return new


def prepare(cursor: Any, measured: Any, counts: dict[str, list[int]]) -> list[Written]:
    """Empty the floor's tables, and read from the measured ones what is to be written."""
    written = []
    for table, numbers in sorted(counts.items()):
        shape = shape_of(measured, table)
        cursor.execute(f"TRUNCATE {table} RESTART IDENTITY")
        measured.execute(f"SELECT {', '.join(shape.columns)} FROM {table} ORDER BY ctid")
        there = [dict(zip(shape.columns, row, strict=True)) for row in measured.fetchall()]
        wanted = fitted(Counts(*numbers), len(there), repeatable=shape.repeatable)
        rows = list(islice(cycle(there), wanted.inserted)) if there else []
        if table == "outbox":
            rows = [{**row, **PENDING} for row in rows]
        written.append(Written(shape, rows, wanted))
    return written


class Broker:
    """A connection that consumes one queue and publishes with one confirm a message."""

    def __init__(self, address: str, user: str, password: str, vhost: str):
        self.connection = amqp.Connection(address, user, password, virtual_host=vhost, confirm_publish=True, heartbeat=0)
        self.connection.connect()
        self.channel = self.connection.channel()
        self.user, self.waiting = user, deque[Any]()

    def consume(self, queue: str) -> None:
        """From now on `take` answers its messages."""
        self.channel.basic_qos(0, PREFETCH, False)
        self.channel.basic_consume(queue, callback=self.waiting.append)

    def take(self) -> Any:
        """The next message."""
        while not self.waiting:
            self.connection.drain_events(timeout=20)
        return self.waiting.popleft()

    def publish(self, row: dict[str, Any]) -> None:
        """One message of the outbox; returns when it is confirmed."""
        message = amqp.Message(
            bytes(row["body"]),
            application_headers=json.loads(row["headers"]),
            content_type="application/json",
            delivery_mode=2,
            message_id=row["event_id"],
            user_id=self.user,
        )
        self.channel.basic_publish(message, row["exchange"], row["type"])


def run(job: dict[str, Any]) -> None:
    """Prepare, say so, wait for a line on stdin, run, and say how long it took and what was done."""
    register_default_jsonb(loads=lambda text: text)
    events = job["events"]
    with psycopg2.connect(job["floor"]) as connection, psycopg2.connect(job["measured"]) as measured:
        with connection.cursor() as cursor, measured.cursor() as reading:
            written = prepare(cursor, reading, job["counts"])
        connection.commit()
        broker = Broker(**job["broker"])
        if job["consumes"]:
            broker.consume(job["queue"])
        print("ready", flush=True)
        sys.stdin.readline()
        began, published = time.time(), 0
        for index in range(events):
            message = broker.take() if job["consumes"] else None
            said: list[dict[str, Any]] = []
            with connection.cursor() as cursor:
                for one in written:
                    new = one.write(cursor, one.counts.part(index, events))
                    said += new if one.shape.table == "outbox" else []
            connection.commit()
            for row in said:
                broker.publish(row)
            published += len(said)
            if message is not None:
                broker.channel.basic_ack(message.delivery_tag)
        done = {"began": began, "ended": time.time(), "published": published, "transactions": events}
        print(json.dumps(done | {"rows": sum(one.inserted + one.updated + one.deleted for one in written)}), flush=True)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
