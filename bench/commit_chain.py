"""The floor of a latency: one row committed and one message confirmed, again and again, by one plain loop."""

from __future__ import annotations

import time
from contextlib import closing
from statistics import median

import amqp
import psycopg2

from bench.deployment import BenchDeployment

TIMES = 200
QUEUE = "hop"
BODY = b"x" * 600
"""As long as most of the events."""


def hop_seconds(town: BenchDeployment) -> float:
    """Return the median of the time for one commit and one confirm, on the servers of the measured run."""
    rabbit = town.rabbit
    broker = amqp.Connection(
        f"{rabbit.host}:{rabbit.port}",
        rabbit.user,
        rabbit.password,
        virtual_host=town.name,
        confirm_publish=True,
        heartbeat=0,
    )
    took = []
    with closing(psycopg2.connect(town.empty["tickets"])) as connection, broker:
        channel = broker.channel()
        channel.queue_declare(QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS hop (body bytea)")
            connection.commit()
            for _ in range(TIMES):
                began = time.perf_counter()
                cursor.execute("INSERT INTO hop VALUES (%s)", [BODY])
                connection.commit()
                channel.basic_publish(amqp.Message(BODY, delivery_mode=2), "", QUEUE)
                took.append(time.perf_counter() - began)
        channel.queue_delete(QUEUE)
    return median(took)
