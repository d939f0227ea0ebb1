"""(f) The same with two processes per service: they compete on the queues, and one of them publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench import ledger_appends, lifecycles, whistle_intake
from bench.deployment import bench_deployment
from bench.figure import Figure
from bench.measurement import timed
from bench.sizes import Sizes
from tests.kit.deployment import SERVICES
from tests.kit.servers import Servers

TWO = "{}, two processes"


def lines(servers: Servers, sizes: Sizes, alone: Mapping[str, float]) -> Iterable[Figure]:
    """Yield the figures; ``alone`` are those of one process, measured in the same run."""
    with bench_deployment(servers, each=2) as one:
        one.open("tickets")
        timed(one, ["tickets"], whistle_intake.backlog(one, 0, sizes.warm))
        seconds = timed(one, ["tickets"], whistle_intake.backlog(one, sizes.warm, sizes.whistles_amqp))
        yield _line(whistle_intake.AMQP, sizes.whistles_amqp / seconds, "whistles/s", alone)
    with bench_deployment(servers, each=2) as one:
        crowd = lifecycles.ready(one, sizes)
        seconds = timed(one, SERVICES, lambda: crowd.live(sizes.lives, sizes.lives_open).began)
        yield _line(lifecycles.LIVES, sizes.lives / seconds, "lives/s", alone)
    with bench_deployment(servers, each=2) as one:
        life = ledger_appends.one_life(one)
        timed(one, ["ledger"], ledger_appends.backlog(one, life, 0, 2 * sizes.warm))
        seconds = timed(one, ["ledger"], ledger_appends.backlog(one, life, 1, sizes.entries))
        entries = ledger_appends.lives(life, sizes.entries) * len(life)
        yield _line(ledger_appends.APPENDS, entries / seconds, "entries/s", alone)


def _line(name: str, value: float, unit: str, alone: Mapping[str, float]) -> Figure:
    return Figure(TWO.format(name), value, unit, alone.get(name))
