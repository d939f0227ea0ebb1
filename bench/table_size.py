"""(g) The cost of an event with few and with many rows in the tables: whistles in tickets, appends in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from bench import ledger_appends, whistle_intake
from bench.database_counts import ask, connected
from bench.deployment import BenchDeployment, bench_deployment
from bench.figure import Figure, Target
from bench.measurement import Load, timed
from bench.sizes import Sizes
from bench.table_statements import shape_of
from services.tickets.domain.ticket import WATCHDOG
from tests.kit.processes import wait_until
from tests.kit.servers import Servers

RUNS = 3
"""Runs at each size; the middle one counts, since one takes a few seconds."""
SAMPLE = 100
"""Real rows that are copied under other names."""
COPIED = {
    "tickets": {
        "inbox": ("event_id", "subject"),
        "outbox": ("event_id", "subject"),
        "tickets": ("id",),
        "whistles": ("ticket",),
        "sequences": ("subject",),
    },
    "ledger": {
        "inbox": ("event_id", "subject"),
        "entries": ("event_id", "subject"),
        "ticket_book": ("id",),
    },
}
"""The tables of each service that grow with every event or ticket, and the columns that differ in each copy."""
DUE_SOON = f"SELECT count(*) FROM timers WHERE name = '{WATCHDOG}' AND due_at < now() + interval '30 seconds'"
"""Watchdogs of earlier whistles, nearly as many as are measured: whoever fills for a minute would measure them, too."""


def lines(servers: Servers, sizes: Sizes) -> Iterable[Figure]:
    """Yield milliseconds per event at each size; the floor of the second is the first."""
    with bench_deployment(servers) as one:
        one.open("tickets")
        timed(one, ["tickets"], whistle_intake.backlog(one, 0, sizes.warm + SAMPLE))
        count = sizes.whistles_beside_rows
        first = sizes.warm + SAMPLE

        def whistles(run: int) -> Load:
            return whistle_intake.backlog(one, first + run * count, count)

        yield from _few_and_many(one, "tickets", "a whistle", whistles, count, sizes)
    with bench_deployment(servers) as one:
        life = ledger_appends.one_life(one)
        timed(one, ["ledger"], ledger_appends.backlog(one, life, 0, 2 * sizes.warm))
        entries = ledger_appends.lives(life, sizes.entries_beside_rows) * len(life)

        def lives(run: int) -> Load:
            return ledger_appends.backlog(one, life, 1 + run, entries)

        yield from _few_and_many(one, "ledger", "an entry", lives, entries, sizes)


def _few_and_many(
    one: BenchDeployment, service: str, event: str, load: Callable[[int], Load], count: int, sizes: Sizes
) -> Iterable[Figure]:
    costs: list[float] = []
    for first, rows in ((0, sizes.rows_few), (RUNS, sizes.rows_many)):
        fill(one, service, rows)
        costs.append(median(timed(one, [service], load(first + run)) / count * 1000 for run in range(RUNS)))
    yield Figure(f"cost of {event} at {sizes.rows_few:,} rows a table", costs[0], "ms")
    target = Target(1.2, at_least=False, of_floor=True)
    yield Figure(f"cost of {event} at {sizes.rows_many:,} rows a table", costs[1], "ms", costs[0], target)


def fill(one: BenchDeployment, service: str, rows: int) -> None:
    """Copy real rows until every table that grows has so many; copies are published and announced already.

    Returns when nothing else is to be done.
    """
    url = one.databases[service]
    for table, others in COPIED[service].items():
        there = int(ask(url, f"SELECT count(*) FROM {table}")[0][0])
        sample = min(SAMPLE, there)
        copies = -(-(rows - there) // sample)
        if copies <= 0:
            continue
        with connected(url) as cursor:
            columns = shape_of(cursor, table).columns
        chosen = ", ".join(_other(column, others, there) for column in columns)
        ask(
            url,
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen}"
            f" FROM (SELECT * FROM {table} LIMIT {sample}) one, generate_series(1, {copies}) g",
        )
    wait_until(lambda: not ask(url, DUE_SOON)[0][0], "the watchdogs of earlier whistles rung", 90)
    one.vacuum(service)


def _other(column: str, others: tuple[str, ...], there: int) -> str:
    if column in others:
        return f"md5({column} || {there} || '-' || g)"
    if column == "position":  # the log counts upwards itself, and looks at nothing below what it has looked at
        return f"-({there} + row_number() OVER ())"
    return "last" if column == "announced" else column
