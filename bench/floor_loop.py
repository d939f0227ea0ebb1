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
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import amqp
import psycopg2
from psycopg2.extras import execute_batch, execute_values, register_default_jsonb

from bench.row_allocation import Counts, fitted
from bench.table_statements import Shape, shape_of

PREFETCH = 200
PENDING = {"state": "pending", "published_at": None}


@dataclass
class Written:
    """One table's share of the work: the rows still to be inserted, and the rows to be changed or deleted."""

    shape: Shape
    rows: list[dict[str, Any]]
    counts: Counts
    standing: int = 0
    """Rows that exist from the start, in a table of which the measured run only changed some."""
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    owed: int = 0

    @property
    def done(self) -> int:
        """Return the number of rows written."""
        return self.inserted + self.updated + self.deleted

    def write(self, cursor: Any, part: Counts) -> list[dict[str, Any]]:
        """Write one transaction's part; return the inserted rows. An update without a row is done later."""
        start = self.standing + self.inserted
        new = self.rows[start : start + part.inserted]
        if new:
            execute_values(cursor, self.shape.insert, [[row[name] for name in self.shape.columns] for row in new])
            self.inserted += len(new)
        self.owed += part.updated
        there = self.standing + self.inserted
        if self.owed and there:
            places = [(self.updated + n) % there for n in range(self.owed)]
            execute_batch(cursor, self.shape.update, [self.shape.change(self.rows[place], place + 1) for place in places])
            self.updated, self.owed = self.updated + self.owed, 0
        if part.deleted and self.shape.serial:
            execute_batch(cursor, self.shape.delete, [[self.deleted + n + 1] for n in range(part.deleted)])
            self.deleted += part.deleted
        return new


def prepare(cursor: Any, measured: Any, counts: Mapping[str, Sequence[int]]) -> list[Written]:
    """Empty the floor's tables, and read the rows to write from the measured ones."""
    written = []
    for table, numbers in sorted(counts.items()):
        shape = shape_of(measured, table)
        cursor.execute(f"TRUNCATE {table} RESTART IDENTITY")
        measured.execute(f"SELECT {', '.join(shape.columns)} FROM {table} ORDER BY ctid")
        there = [dict(zip(shape.columns, row, strict=True)) for row in measured.fetchall()]
        wanted = fitted(Counts(*numbers), len(there), repeatable=shape.repeatable)
        rows = list(islice(cycle(there), wanted.inserted or len(there))) if there else []
        if table == "outbox":
            rows = [{**row, **PENDING} for row in rows]
        one = Written(shape, rows, wanted)
        if not wanted.inserted and rows:
            one.write(cursor, Counts(len(rows)))
            one.standing, one.inserted = len(rows), 0
        written.append(one)
    return written


class Broker:
    """A connection that consumes one queue and publishes with one confirm a message."""

    def __init__(self, address: str, user: str, password: str, vhost: str):
        self.connection = amqp.Connection(address, user, password, virtual_host=vhost, confirm_publish=True, heartbeat=0)
        self.connection.connect()
        self.channel = self.connection.channel()
        self.user, self.waiting = user, deque[Any]()

    def consume(self, queue: str) -> None:
        """Start consuming; `take` returns the messages."""
        self.channel.basic_qos(0, PREFETCH, False)
        self.channel.basic_consume(queue, callback=self.waiting.append)

    def take(self) -> Any:
        """Return the next message."""
        while not self.waiting:
            self.connection.drain_events(timeout=20)
        return self.waiting.popleft()

    def publish(self, row: dict[str, Any]) -> None:
        """Publish one message of the outbox; return when it is confirmed."""
        message = amqp.Message(
            bytes(row["body"]),
            application_headers=json.loads(row["headers"]),
            content_type="application/json",
            delivery_mode=2,
            message_id=row["event_id"],
            user_id=self.user,
        )
        self.channel.basic_publish(message, row["exchange"], row["type"])


def once(connection: Any, broker: Broker, written: Sequence[Written], index: int, events: int, consumes: bool) -> int:
    """Process one event; return how many messages were published."""
    message = broker.take() if consumes else None
    said: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        for one in written:
            new = one.write(cursor, one.counts.part(index, events))
            said += new if one.shape.table == "outbox" else []
    connection.commit()
    for row in said:
        broker.publish(row)
    if message is not None:
        broker.channel.basic_ack(message.delivery_tag)
    return len(said)


def run(job: Mapping[str, Any]) -> None:
    """Prepare, say so, wait for a line on stdin, run, and print duration and counts."""
    register_default_jsonb(loads=lambda text: text)
    events, consumes = job["events"], job["consumes"]
    with closing(psycopg2.connect(job["floor"])) as connection, closing(psycopg2.connect(job["measured"])) as measured:
        with connection.cursor() as cursor, measured.cursor() as reading:
            written = prepare(cursor, reading, job["counts"])
        connection.commit()
        broker = Broker(**job["broker"])
        if consumes:
            broker.consume(job["queue"])
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.time()
        published = sum(once(connection, broker, written, index, events, consumes) for index in range(events))
        done = {"began": began, "ended": time.time(), "published": published, "transactions": events}
        print(json.dumps(done | {"rows": sum(one.done for one in written)}), flush=True)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
