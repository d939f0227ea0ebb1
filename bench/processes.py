"""(f) The same with two processes per service, beside one: they compete on the queues, and one of them publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench import accepted, appends, lives
from bench.line import Line
from bench.measured import timed
from bench.sizes import Sizes
from bench.town import town
from tests.kit.deployment import SERVICES
from tests.kit.servers import Servers

TWO = "{}, two processes"


def lines(servers: Servers, sizes: Sizes, alone: Mapping[str, float]) -> Iterable[Line]:
    """``alone`` are the values of one process that were measured in this run; those of two stand beside them."""
    with town(servers, each=2) as one:
        one.open("tickets")
        timed(one, ["tickets"], accepted.backlog(one, 0, sizes.warm))
        seconds = timed(one, ["tickets"], accepted.backlog(one, sizes.warm, sizes.whistles_amqp))
        yield _line(accepted.AMQP, sizes.whistles_amqp / seconds, "whistles/s", alone)
    with town(servers, each=2) as one:
        crowd = lives.ready(one, sizes)
        seconds = timed(one, SERVICES, lambda: crowd.live(sizes.lives, sizes.lives_open).began)
        yield _line(lives.LIVES, sizes.lives / seconds, "lives/s", alone)
    with town(servers, each=2) as one:
        life = appends.one_life(one)
        timed(one, ["ledger"], appends.backlog(one, life, 0, 2 * sizes.warm))
        seconds = timed(one, ["ledger"], appends.backlog(one, life, 1, sizes.entries))
        entries = appends.lives(life, sizes.entries) * len(life)
        yield _line(appends.APPENDS, entries / seconds, "entries/s", alone)


def _line(name: str, value: float, unit: str, alone: Mapping[str, float]) -> Line:
    return Line(TWO.format(name), value, unit, alone.get(name))
