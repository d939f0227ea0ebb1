"""The processors' shares of the services and the two servers during a run, in processors: 0.5 is half of one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

import psutil

from bench.deployment import BenchDeployment


def pids(town: BenchDeployment) -> dict[str, int]:
    """Return the processes of a deployment by name, and its servers' own."""
    found = {name: process.pid for name, process in town.processes.items() if process.alive}
    for name, machine in (("PostgreSQL", town.postgres.machine), ("RabbitMQ", town.rabbit.machine)):
        if machine is not None and hasattr(machine, "pid"):
            found[name] = machine.pid
    return found


@contextlib.contextmanager
def shares(town: BenchDeployment) -> Iterator[dict[str, float]]:
    """Yield a mapping that holds the shares after the block."""
    named, found = pids(town), dict[str, float]()
    before, began = _seconds(named), time.monotonic()
    yield found
    after, elapsed = _seconds(named), time.monotonic() - began
    found |= {name: (after[name] - before[name]) / elapsed for name in named}


def cpu_seconds(town: BenchDeployment, *services: str) -> float:
    """Return the processor seconds that these services have used since they started."""
    named = pids(town)
    return sum(_seconds({name: named[name] for name in town.names(*services)}).values())


def said(found: Mapping[str, float]) -> str:
    """Return the shares in one line."""
    return ", ".join(f"{name} {share:.2f}" for name, share in found.items())


def _seconds(named: Mapping[str, int]) -> dict[str, float]:
    return {name: sum(_of(one) for one in _tree(pid)) for name, pid in named.items()}


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _of(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
