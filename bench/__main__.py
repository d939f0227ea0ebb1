"""`python -m bench [a b c d e f g h i]`: measure these lines, by default all, print each and keep all in var/bench.json."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping

from bench import ledger_appends, lifecycles, table_size, timer_lateness, two_processes, whistle_intake
from bench.figure import Figure, as_json
from bench.sizes import SCALE, Sizes, sizes
from tests.kit.deployment import ROOT
from tests.kit.servers import Servers, both

REPORT = ROOT / "var" / "bench.json"
NAMES = {
    "a": "whistles accepted by AMQP and by HTTP",
    "b": "full lives, whistle to closed",
    "c": "from whistle to first notice, at half that load",
    "d": "lateness of timers",
    "e": "ledger appends",
    "f": "a, b and e with two processes per service, beside one where it was measured in the same run",
    "g": "cost of an event where tables hold many rows",
    "h": "memory",
    "i": "processor time per closed ticket",
}
Group = Callable[[Mapping[str, float]], Iterable[Figure]]


def groups(servers: Servers, size: Sizes, names: frozenset[str]) -> list[Group]:
    """Return the measurements of these names, in order; each is given the values so far."""
    chosen: list[tuple[str, Group]] = [
        ("a", lambda _: whistle_intake.lines(servers, size)),
        ("bchi", lambda _: lifecycles.lines(servers, size, names)),
        ("d", lambda _: timer_lateness.lines(servers, size)),
        ("e", lambda _: ledger_appends.lines(servers, size)),
        ("f", lambda values: two_processes.lines(servers, size, values)),
        ("g", lambda _: table_size.lines(servers, size)),
    ]
    return [group for letters, group in chosen if names & set(letters)]


def main() -> None:
    """Measure, print and store the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(f"{one}: {what}" for one, what in NAMES.items()))
    names = frozenset(parser.parse_args().names or NAMES)
    if unknown := sorted(names - set(NAMES)):
        parser.error(f"unknown: {', '.join(unknown)}")
    size, began, measured = sizes(), time.monotonic(), list[Figure]()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load before {os.getloadavg()[0]:.1f}"
    print(f"{machine}, {SCALE}={os.environ.get(SCALE, '1')}", flush=True)
    # a server of one's own: one that is named in the environment may keep its data in memory
    with both(durable=True, private=True) as servers:
        for group in groups(servers, size, names):
            for line in group({one.name: one.value for one in measured}):
                print(line, flush=True)
                measured.append(line)
                REPORT.parent.mkdir(exist_ok=True)
                REPORT.write_text(as_json(measured))
    print(f"{len(measured)} figures in {time.monotonic() - began:.0f} s, kept in {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
