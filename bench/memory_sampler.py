"""Sampling the resident memory of processes once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType

import psutil

EVERY = 1.0


class MemorySampler(threading.Thread):
    """Samples memory within its block. ``megabytes`` are the samples by name; there is always one."""

    def __init__(self, pids: Mapping[str, int]):
        super().__init__(daemon=True)
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._over = threading.Event()
        self._began = time.monotonic()
        self.seconds = 0.0
        self.megabytes: dict[str, list[float]] = {name: [] for name in pids}

    def __enter__(self) -> MemorySampler:
        self._look()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self.join()
        self._look()
        self.seconds = time.monotonic() - self._began

    def run(self) -> None:
        while not self._over.wait(EVERY):
            self._look()

    def _look(self) -> None:
        for name, process in self._processes.items():
            self.megabytes[name].append(process.memory_info().rss / 1e6)
