"""(f) The same with two processes per service, beside one: they compete on the queues, and one of them publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench import accepted, appends, lives
from bench.line import Line
from bench.sizes import Sizes
from bench.town import town
from tests.kit.servers import Servers

TWO = "{}, two processes"


def lines(servers: Servers, sizes: Sizes, alone: Mapping[str, float]) -> Iterable[Line]:
    """``alone`` are the values of one process that were measured in this run; those of two stand beside them."""
    with town(servers, each=2) as one:
        one.open("tickets")
        accepted.backlog(one, 0, sizes.warm)
        run = accepted.backlog(one, sizes.warm, sizes.whistles_amqp)
        yield _line(accepted.AMQP, sizes.whistles_amqp / run.seconds, "whistles/s", alone)
    with town(servers, each=2) as one:
        lived = lives.live(one, lives.ready(one, sizes), sizes)
        yield _line(lives.LIVES, lived.rate, "lives/s", alone)
    with town(servers, each=2) as one:
        life = appends.one_life(one)
        appends.appended(one, life, 0, 2 * sizes.warm)
        run = appends.appended(one, life, 1, sizes.entries)
        yield _line(appends.APPENDS, run.tasks[0].events / run.seconds, "entries/s", alone)


def _line(name: str, value: float, unit: str, alone: Mapping[str, float]) -> Line:
    return Line(TWO.format(name), value, unit, alone.get(name))
