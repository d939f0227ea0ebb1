"""(b) Full life cycles per second, whistle to closed, all four services; (c) time to the first notice; (h) memory;
(i) processor time for each closed ticket.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench import floor_runner
from bench.commit_chain import hop_seconds
from bench.cpu_shares import cpu_seconds, said, shares
from bench.database_counts import ask, taken
from bench.deployment import BenchDeployment, bench_deployment
from bench.figure import Figure, Target, percentile
from bench.load_control import LoadControl, LoadReport
from bench.measurement import Measured, measured
from bench.memory_sampler import MemorySampler
from bench.sizes import Sizes
from tests.kit.deployment import SERVICES
from tests.kit.servers import Servers

LIVES = "full lives, whistle to closed"
FIRST_NOTICE = """
    SELECT subject, extract(epoch FROM min(created_at)) FROM outbox WHERE type = 'notification.sent.v1' GROUP BY subject
"""
MAX_MEGABYTES = 150.0
MAX_CPU_MS = 25.0
HOPS = 4
"""The commits before a first notice is recorded as sent: of tickets, of dispatch, and of notify before and after it sends."""
MAX_GROWTH = 1.05
"""The most memory at the end as a factor of that after the first fifth: flat."""


@dataclass(frozen=True)
class LifecycleRun:
    """The rows that the services wrote, and the load generator's report."""

    run: Measured
    told: LoadReport
    processors: str
    """The shares of the processors, as text."""
    cpu: float
    """Processor seconds of the four services, from the first whistle until they were idle."""

    @property
    def rate(self) -> float:
        """Return life cycles per second, until everything that followed was done."""
        return len(self.told.closed) / self.run.seconds


def lines(servers: Servers, sizes: Sizes, names: frozenset[str]) -> Iterable[Figure]:
    """Yield the named figures of b, c and h; they share one deployment."""
    with bench_deployment(servers) as one:
        crowd = ready(one, sizes)
        lived = live(one, crowd, sizes)
        if "b" in names:
            yield throughput(one, crowd, lived)
        if "c" in names:
            yield from notices(one, crowd, lived.rate / 2, sizes)
        if "i" in names:
            yield processor_time(lived)
        if "h" in names:
            yield from memory(one, crowd, sizes)


def ready(one: BenchDeployment, sizes: Sizes) -> LoadControl:
    """Start all services, and run the first life cycles as a warm-up."""
    one.open(*SERVICES)
    crowd = LoadControl(one)
    crowd.live(sizes.warm, sizes.lives_open)
    one.rest(*SERVICES)
    return crowd


def live(one: BenchDeployment, crowd: LoadControl, sizes: Sizes) -> LifecycleRun:
    """Run so many life cycles, as fast as possible."""
    told, taken_by, cpu = list[LoadReport](), dict[str, float](), list[float]()

    def go() -> float:
        before = cpu_seconds(one, *SERVICES)
        with shares(one) as found:
            told.append(crowd.live(sizes.lives, sizes.lives_open))
        taken_by.update(found)
        one.rest(*SERVICES)
        cpu.append(cpu_seconds(one, *SERVICES) - before)
        return told[0].began

    run = measured(one, SERVICES, go)
    return LifecycleRun(run, told[0], said(taken_by), cpu[0])


def throughput(one: BenchDeployment, crowd: LoadControl, lived: LifecycleRun) -> Figure:
    """Return (b), beside one plain loop for each service, all at once."""
    floor = floor_runner.run(one, *lived.run.tasks)
    print(floor, flush=True)
    lives, alone = crowd.ceiling()
    count, events = len(lived.told.closed), sum(task.events for task in lived.run.tasks)
    note = (
        f"{events / count:.0f} events a life; the people took {lived.told.load:.0%} of a processor,"
        f" and alone do {alone:.0f} lives/s ({lives} heard again); processors: {lived.processors}"
    )
    return Figure(LIVES, lived.rate, "lives/s", count / floor.seconds, Target(0.5, of_floor=True), note)


def processor_time(lived: LifecycleRun) -> Figure:
    """Return (i): processor milliseconds of the four services for each closed ticket."""
    count = len(lived.told.closed)
    return Figure("processor time per closed ticket", 1000 * lived.cpu / count, "ms", target=Target(MAX_CPU_MS, False))


def notices(one: BenchDeployment, crowd: LoadControl, rate: float, sizes: Sizes) -> Iterable[Figure]:
    """Yield (c): the time from a whistle's planned moment to the record that its first notice was sent."""
    told = crowd.live(round(rate * sizes.paced_seconds), rate=rate)
    one.rest(*SERVICES)
    first = {ticket: float(at) for ticket, at in ask(one.databases["notify"], FIRST_NOTICE)}
    waited = [first[ticket] - at for ticket, at in told.blown.items() if ticket in first]
    chain = HOPS * hop_seconds(one)
    note = (
        f"{len(waited)} of {len(told.blown)} whistles told of, {rate:.1f} a second for {sizes.paced_seconds} s;"
        f" beside {HOPS} commits and confirms, one after the other"
    )
    yield Figure("whistle to first notice, p50", percentile(waited, 0.5), "s", chain, note=note)
    yield Figure("whistle to first notice, p99", percentile(waited, 0.99), "s", target=Target(1.0, at_least=False))


def memory(one: BenchDeployment, crowd: LoadControl, sizes: Sizes) -> Iterable[Figure]:
    """Yield (h): resident memory of each service while the four take so many events."""

    def events() -> int:
        return sum(taken(one.databases[name]) for name in SERVICES)

    before = events()
    of_warm = max(1, len(ask(one.databases["tickets"], "SELECT id FROM tickets")))
    wanted = round(sizes.events_of_memory / (before / of_warm))
    with MemorySampler({name: one.processes[name].pid for name in SERVICES}) as seen:
        crowd.live(wanted, sizes.lives_open, seconds=240)
    one.rest(*SERVICES)
    note = f"{events() - before} events, {wanted} lives in {seen.seconds:.0f} s"
    for name, megabytes in seen.megabytes.items():
        early = megabytes[len(megabytes) // 5]
        yield Figure(f"memory of {name}, most", max(megabytes), "MB", target=Target(MAX_MEGABYTES, False), note=note)
        yield Figure(f"memory of {name}, end beside first fifth", megabytes[-1], "MB", early, Target(MAX_GROWTH, False, True))
        note = ""
