"""(b) Full life cycles per second, whistle to closed, all four services; (c) how soon somebody is told; (h) memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench import floors
from bench.crowd import Crowd, Told
from bench.line import Line, Reach, percentile
from bench.measured import Measured, measured
from bench.memory import Memory
from bench.shares import said, shares
from bench.sizes import Sizes
from bench.town import Town, town
from bench.written import ask, taken
from tests.kit.deployment import SERVICES
from tests.kit.servers import Servers

LIVES = "full lives, whistle to closed"
FIRST_NOTICE = """
    SELECT subject, extract(epoch FROM min(created_at)) FROM outbox WHERE type = 'notification.sent.v1' GROUP BY subject
"""
MEGABYTES_MOST = 150.0
GROWTH_MOST = 1.05
"""Flat: at the end no more than so much of what it was after the first fifth."""


@dataclass(frozen=True)
class Lived:
    """What the services wrote, and what the people told."""

    run: Measured
    told: Told
    processors: str
    """Who had them."""

    @property
    def rate(self) -> float:
        """Lives a second, until everything that followed was done."""
        return len(self.told.closed) / self.run.seconds


def lines(servers: Servers, sizes: Sizes, names: frozenset[str]) -> Iterable[Line]:
    """Those of b, c and h that are named; they share one deployment."""
    with town(servers) as one:
        crowd = ready(one, sizes)
        lived = live(one, crowd, sizes)
        if "b" in names:
            yield throughput(one, crowd, lived)
        if "c" in names:
            yield from notices(one, crowd, lived.rate / 2, sizes)
        if "h" in names:
            yield from memory(one, crowd, sizes)


def ready(one: Town, sizes: Sizes) -> Crowd:
    """Everybody at work, and the first lives behind them."""
    one.open(*SERVICES)
    crowd = Crowd(one)
    crowd.live(sizes.warm, sizes.lives_open)
    one.rest(*SERVICES)
    return crowd


def live(one: Town, crowd: Crowd, sizes: Sizes) -> Lived:
    """So many lives, as fast as they go."""
    told, taken_by = list[Told](), dict[str, float]()

    def go() -> float:
        with shares(one) as found:
            told.append(crowd.live(sizes.lives, sizes.lives_open))
        taken_by.update(found)
        return told[0].began

    run = measured(one, SERVICES, go)
    return Lived(run, told[0], said(taken_by))


def throughput(one: Town, crowd: Crowd, lived: Lived) -> Line:
    """(b), beside one plain loop for each service, all at once."""
    floor = floors.run(one, *lived.run.tasks)
    print(floor, flush=True)
    lives, alone = crowd.ceiling()
    count, events = len(lived.told.closed), sum(task.events for task in lived.run.tasks)
    note = (
        f"{events / count:.0f} events a life; the people took {lived.told.load:.0%} of a processor,"
        f" and alone do {alone:.0f} lives/s ({lives} heard again); processors: {lived.processors}"
    )
    return Line(LIVES, lived.rate, "lives/s", count / floor.seconds, Reach(0.5, of_floor=True), note)


def notices(one: Town, crowd: Crowd, rate: float, sizes: Sizes) -> Iterable[Line]:
    """(c) From the moment at which a whistle was to be blown to the record that its first notice was sent."""
    told = crowd.live(round(rate * sizes.paced_seconds), rate=rate)
    one.rest(*SERVICES)
    first = {ticket: float(at) for ticket, at in ask(one.databases["notify"], FIRST_NOTICE)}
    waited = [first[ticket] - at for ticket, at in told.blown.items() if ticket in first]
    note = f"{len(waited)} of {len(told.blown)} whistles told of, {rate:.1f} a second for {sizes.paced_seconds} s"
    yield Line("whistle to first notice, p50", percentile(waited, 0.5), "s", note=note)
    yield Line("whistle to first notice, p99", percentile(waited, 0.99), "s", reach=Reach(1.0, at_least=False))


def memory(one: Town, crowd: Crowd, sizes: Sizes) -> Iterable[Line]:
    """(h) Resident memory of each service while so many events are taken in by the four together."""

    def events() -> int:
        return sum(taken(one.databases[name]) for name in SERVICES)

    before = events()
    of_warm = max(1, len(ask(one.databases["tickets"], "SELECT id FROM tickets")))
    wanted = round(sizes.events_of_memory / (before / of_warm))
    with Memory({name: one.processes[name].pid for name in SERVICES}) as seen:
        crowd.live(wanted, sizes.lives_open, seconds=240)
    one.rest(*SERVICES)
    note = f"{events() - before} events, {wanted} lives in {seen.seconds:.0f} s"
    for name, megabytes in seen.megabytes.items():
        early = megabytes[len(megabytes) // 5]
        yield Line(f"memory of {name}, most", max(megabytes), "MB", reach=Reach(MEGABYTES_MOST, False), note=note)
        yield Line(f"memory of {name}, end beside first fifth", megabytes[-1], "MB", early, Reach(GROWTH_MOST, False, True))
        note = ""
