"""(g) Cost per event where tables hold few rows, and where they hold many: whistles taken in by tickets."""

from __future__ import annotations

from collections.abc import Iterable

from bench.accepted import backlog
from bench.line import Line, Reach
from bench.measured import timed
from bench.sizes import Sizes
from bench.tables import shape_of
from bench.town import Town, town
from bench.written import ask, connected
from tests.kit.processes import wait_until
from tests.kit.servers import Servers

SAMPLE = 100
"""Real rows that are copied under other names."""
COPIED = {
    "inbox": ("event_id", "subject"),
    "outbox": ("event_id", "subject"),
    "tickets": ("id",),
    "whistles": ("ticket",),
    "sequences": ("subject",),
}
"""The tables that grow with every event, and what has to be another in each copy."""
DUE_SOON = "SELECT count(*) FROM timers WHERE due_at < now() + interval '30 seconds'"
"""Watchdogs of earlier whistles, nearly as many as are measured: whoever fills for a minute would measure them, too."""


def lines(servers: Servers, sizes: Sizes) -> Iterable[Line]:
    """Milliseconds per whistle at each size; the floor of the second is the first."""
    with town(servers) as one:
        one.open("tickets")
        timed(one, ["tickets"], backlog(one, 0, sizes.warm + SAMPLE))
        count, first = sizes.whistles_beside_rows, sizes.warm + SAMPLE
        costs = []
        for rows in (sizes.rows_few, sizes.rows_many):
            fill(one, rows)
            costs.append(timed(one, ["tickets"], backlog(one, first, count)) / count * 1000)
            first += count
        name = f"cost of a whistle at {sizes.rows_few:,} rows a table"
        yield Line(name, costs[0], "ms")
        name = f"cost of a whistle at {sizes.rows_many:,} rows a table"
        yield Line(name, costs[1], "ms", costs[0], Reach(1.2, at_least=False, of_floor=True))


def fill(one: Town, rows: int) -> None:
    """Copy real rows until every table that grows with the events has so many; copies are published and announced already.

    Returns when nothing else is to be done.
    """
    url = one.databases["tickets"]
    for table, others in COPIED.items():
        there = int(ask(url, f"SELECT count(*) FROM {table}")[0][0])
        copies = -(-(rows - there) // SAMPLE)
        if copies <= 0:
            continue
        with connected(url) as cursor:
            columns = shape_of(cursor, table).columns
        chosen = ", ".join(_other(column, others, there) for column in columns)
        ask(
            url,
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen}"
            f" FROM (SELECT * FROM {table} LIMIT {SAMPLE}) one, generate_series(1, {copies}) g",
        )
    wait_until(lambda: not ask(url, DUE_SOON)[0][0], "the watchdogs of earlier whistles rung", 90)
    one.vacuum("tickets")


def _other(column: str, others: tuple[str, ...], there: int) -> str:
    if column in others:
        return f"md5({column} || {there} || '-' || g)"
    return "last" if column == "announced" else column
