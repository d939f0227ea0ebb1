"""(e) Ledger appends per second: the public events of one real life cycle, repeated for other tickets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bench import floor_runner
from bench.database_counts import ask
from bench.deployment import BenchDeployment, bench_deployment
from bench.figure import Figure, Target
from bench.load_control import LoadControl
from bench.measurement import Load, measured, timed
from bench.sizes import Sizes
from chassis.event_ids import event_id
from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import JSON, Message
from tests.kit.deployment import SERVICES
from tests.kit.servers import Servers

APPENDS = "ledger appends"
PAGE = 500
LIFE = "SELECT exchange, type, headers, body FROM outbox WHERE subject = %s AND exchange LIKE '%%.events' ORDER BY position"

Said = tuple[str, str, dict[str, str], bytes]


def lines(servers: Servers, sizes: Sizes) -> Iterable[Figure]:
    """Yield the figure of the appends, beside its floor."""
    with bench_deployment(servers) as one:
        life = one_life(one)
        timed(one, ["ledger"], backlog(one, life, 0, 2 * sizes.warm))
        run = measured(one, ["ledger"], backlog(one, life, 1, sizes.entries))
        floor = floor_runner.run(one, *run.tasks)
        print(floor, flush=True)
        count = run.tasks[0].events
        note = f"a life has {len(life)} public events"
        yield Figure(APPENDS, count / run.seconds, "entries/s", count / floor.seconds, Target(1, of_floor=True), note)


def one_life(one: BenchDeployment) -> list[Said]:
    """Return all public events about one ticket; from then on only the ledger runs."""
    one.open(*SERVICES)
    told = LoadControl(one).live(1)
    one.rest(*SERVICES)
    ticket = next(iter(told.closed))
    said = [row for service in ("tickets", "dispatch", "notify") for row in ask(one.databases[service], LIFE, ticket)]
    one.stop(*one.names("tickets", "dispatch", "notify"))
    return [(exchange, type_, headers, bytes(body)) for exchange, type_, headers, body in said]


def about(life: Sequence[Said], ticket: str) -> Iterable[Letter]:
    """Yield the same life cycle of another ticket, whose id is as long."""
    old = life[0][2]["ce-subject"]
    for exchange, type_, headers, body in life:
        said_at = datetime.fromisoformat(headers["ce-time"])
        id_ = event_id(headers["ce-source"], ticket, int(headers["ce-sequence"]), said_at)
        told: dict[str, Any] = {name: value.replace(old, ticket) for name, value in headers.items()} | {"ce-id": id_}
        yield Letter(id_, exchange, type_, Message(told, JSON, body.replace(old.encode(), ticket.encode())), False)


def backlog(one: BenchDeployment, life: Sequence[Said], series: int, count: int) -> Load:
    """Return a load: life cycles of about ``count`` events wait in the ledger's queues, and then it starts to take them."""

    def go() -> float:
        one.freeze("ledger")
        publisher = one.publisher("admin")
        letters = [letter for number in range(lives(life, count)) for letter in about(life, f"T{series}{number:015d}")]
        for start in range(0, len(letters), PAGE):
            publisher.publish(letters[start : start + PAGE])
        publisher.close()
        return one.thaw("ledger")

    return go


def lives(life: Sequence[Said], count: int) -> int:
    """Return how many life cycles have at least so many events."""
    return -(-count // len(life))
