"""(d) Lateness of armed timers of which many fall due within one second, and how many a second are fired and published.

Each closes a ticket and publishes that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from bench import floor_runner
from bench.database_counts import ask, counts
from bench.deployment import bench_deployment
from bench.figure import Figure, Target, percentile
from bench.floor_runner import Task
from bench.measurement import timed
from bench.row_allocation import difference
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
    """Yield p50 and p99 from the due time to the moment before the commit of the timer's effect, and the rate."""
    with bench_deployment(servers) as one:
        one.open("tickets")
        timed(one, ["tickets"], backlog(one, 0, sizes.warm))
        url = one.databases["tickets"]
        ask(url, TICKETS, sizes.timers)
        one.vacuum("tickets")
        before = counts(url)
        first = time.time() + AHEAD
        ask(url, ARM, first, sizes.timers_due, sizes.timers_due, sizes.timers)
        margin = first - time.time()
        wait_until(lambda: len(ask(url, CLOSED)) >= sizes.timers_due, "every timer that was due fired", 60)
        late = [float(at) - (first + number / sizes.timers_due) for number, at in ask(url, CLOSED)]
        seconds = one.rest("tickets") - first
        left = ask(url, "SELECT count(*) FROM timers WHERE name = 'revisit'")[0][0]
        note = (
            f"{len(late)} fired, {left} still armed; armed {margin:.1f} s before the first was due; earliest {min(late):.3f} s"
        )
        yield Figure("lateness of timers, p50", percentile(late, 0.5), "s", note=note)
        yield Figure("lateness of timers, p99", percentile(late, 0.99), "s", target=Target(2.0, at_least=False))
        written = difference(before, counts(url))
        written["timers"] = replace(written["timers"], inserted=max(0, written["timers"].inserted - sizes.timers))
        floor = floor_runner.run(one, Task("tickets", sizes.timers_due, written, consumes=False))
        print(floor, flush=True)
        beside = sizes.timers_due / floor.seconds
        yield Figure("timers fired and published", sizes.timers_due / seconds, "timers/s", beside)
