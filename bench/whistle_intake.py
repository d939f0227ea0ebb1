"""(a) Whistles accepted per second: each is a ticket with its rows and messages, committed, published and confirmed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable

from bench import floor_runner
from bench.deployment import BenchDeployment, bench_deployment
from bench.figure import Figure, Target
from bench.load_generator import whistle
from bench.measurement import Load, measured, timed
from bench.sizes import Sizes
from tests.kit.deployment import ROOT
from tests.kit.processes import end_with_this_run
from tests.kit.servers import Servers

AMQP, HTTP = "whistles accepted by AMQP", "whistles accepted by HTTP"
PAGE = 500


def lines(servers: Servers, sizes: Sizes) -> Iterable[Figure]:
    """Yield the figures by AMQP and by HTTP, each beside its floor."""
    with bench_deployment(servers) as one:
        one.open("tickets")
        timed(one, ["tickets"], backlog(one, 0, sizes.warm))
        run = measured(one, ["tickets"], backlog(one, sizes.warm, sizes.whistles_amqp))
        floor = floor_runner.run(one, *run.tasks)
        print(floor, flush=True)
        at_least = Target(1, of_floor=True)
        yield Figure(AMQP, sizes.whistles_amqp / run.seconds, "whistles/s", sizes.whistles_amqp / floor.seconds, at_least)
        ask_for(one, sizes.warm, "warm")
        asked, load = 0.0, 0.0

        def go() -> float:
            nonlocal asked, load
            began, asked, load = ask_for(one, sizes.whistles_http, "asked")
            return began

        run = measured(one, ["tickets"], go, by_amqp=False)
        floor = floor_runner.run(one, *run.tasks)
        print(floor, flush=True)
        note = f"answered in {asked:.1f} s, all published after {run.seconds:.1f} s; the callers took {load:.0%} of a processor"
        yield Figure(HTTP, sizes.whistles_http / run.seconds, "whistles/s", sizes.whistles_http / floor.seconds, at_least, note)


def backlog(one: BenchDeployment, first: int, count: int) -> Load:
    """Return a load: so many whistles wait in the queue, and then tickets starts to take them."""

    def go() -> float:
        one.freeze("tickets")
        publisher = one.publisher("hotline")
        for start in range(first, first + count, PAGE):
            publisher.publish([whistle(number) for number in range(start, min(start + PAGE, first + count))])
        publisher.close()
        return one.thaw("tickets")

    return go


def ask_for(one: BenchDeployment, count: int, prefix: str) -> tuple[float, float, float]:
    """Blow so many whistles over HTTP. Return the start, the duration, and the callers' share of a processor."""
    ports = [one.ports[name][0] for name in one.names("tickets")]
    job = {"ports": ports, "count": count, "prefix": prefix, "token": "token-of-hotline"}
    command = [sys.executable, "-m", "bench.http_callers", json.dumps(job)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as callers:
        end_with_this_run(callers.pid)
        assert callers.stdout is not None
        told = json.loads(callers.stdout.read())
    assert told["accepted"] == count, told
    seconds = told["ended"] - told["began"]
    return told["began"], seconds, told["cpu"] / seconds
