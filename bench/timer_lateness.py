"""(d) Lateness of armed timers of which many fall due within one second. Each closes a ticket and says so."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bench.database_counts import ask
from bench.deployment import bench_deployment
from bench.figure import Figure, Target, percentile
from bench.measurement import timed
from bench.sizes import Sizes
from bench.whistle_intake import backlog
from tests.kit.processes import wait_until
from tests.kit.servers import Servers

AHEAD = 8.0
"""Seconds from arming to the first due time."""
TICKETS = """
    INSERT INTO tickets (id, state, category, area, opened_at, document)
    SELECT 'B' || g, 'revisiting', category, area, opened_at, document || jsonb_build_object(
        'id', 'B' || g, 'state', 'revisiting', 'waiting_since', NULL, 'generation', 1)
    FROM (SELECT * FROM tickets LIMIT 1) one, generate_series(0, %s - 1) g
"""
ARM = """
    INSERT INTO timers (subject, name, generation, due_at)
    SELECT 'B' || g, 'revisit', 1, to_timestamp(%s + CASE WHEN g < %s THEN g::float / %s ELSE 86400 + g END)
    FROM generate_series(0, %s - 1) g
"""
CLOSED = """
    SELECT substr(subject, 2)::int, extract(epoch FROM created_at) FROM outbox
    WHERE type = 'ticket.closed.v1' AND subject ~ '^B[0-9]+$'
"""


def lines(servers: Servers, sizes: Sizes) -> Iterable[Figure]:
    """Yield p50 and p99 from the due time to the moment before the commit of the timer's effect."""
    with bench_deployment(servers) as one:
        one.open("tickets")
        timed(one, ["tickets"], backlog(one, 0, sizes.warm))
        url = one.databases["tickets"]
        ask(url, TICKETS, sizes.timers)
        one.vacuum("tickets")
        first = time.time() + AHEAD
        ask(url, ARM, first, sizes.timers_due, sizes.timers_due, sizes.timers)
        margin = first - time.time()
        wait_until(lambda: len(ask(url, CLOSED)) >= sizes.timers_due, "every timer that was due rung", 60)
        late = [float(at) - (first + number / sizes.timers_due) for number, at in ask(url, CLOSED)]
        left = ask(url, "SELECT count(*) FROM timers WHERE name = 'revisit'")[0][0]
        note = (
            f"{len(late)} rang, {left} still armed; armed {margin:.1f} s before the first was due; earliest {min(late):.3f} s"
        )
        yield Figure("lateness of timers, p50", percentile(late, 0.5), "s", note=note)
        yield Figure("lateness of timers, p99", percentile(late, 0.99), "s", target=Target(2.0, at_least=False))
