"""Starting, killing and freezing server processes, with a guarantee that none outlives the test run."""

from __future__ import annotations

import atexit
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from tests.kit import reaper


class ServerError(RuntimeError):
    """Raised where a test server is unavailable, or failed."""


_given: set[int] = set()


def free_port() -> int:
    """Return a free loopback TCP port below the range from which the kernel takes ports for outgoing connections.

    A port of that range could be taken by some client while the server that owns it is down for a restart,
    and a client that keeps knocking on it could even end up connected to itself. No port is given twice, here or by another
    process of the same tests: whoever was given one may not listen yet.
    """
    every = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for _ in range(1000):
        port = random.randrange(20000 + mine, 32000, every)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise ServerError("no free port between 20000 and 32000 on 127.0.0.1")


SLOWEST = 6
"""The factor by which a condition may take longer than on an idle machine: only a failing test waits that long."""
PATIENCE = 30 * SLOWEST
"""The longest time in seconds for a process to end."""


def wait_until(
    condition: Callable[[], bool],
    what: str,
    seconds: float = 60,
    alive: Callable[[], bool] = lambda: True,
    details: Callable[[], str] = str,
) -> None:
    """Wait until the condition holds; raise ServerError when the time is over or `alive` turns false.

    ``seconds`` is the bound on an idle machine with two cores; a slow or busy one is given `SLOWEST` times as long.
    """
    end = time.monotonic() + seconds * SLOWEST
    while not condition():
        if not alive():
            raise ServerError(f"{what}: the process ended\n{details()}")
        if time.monotonic() > end:
            raise ServerError(f"{what}: not within {seconds * SLOWEST:g} s\n{details()}")
        time.sleep(0.05)


_reaper_lock = threading.Lock()
_reaper: subprocess.Popen[bytes] | None = None


def _tell_reaper(entry: dict[str, Any]) -> None:
    """Register a thing with the reaper, which is started at the first call."""
    global _reaper
    with _reaper_lock:
        if _reaper is None:
            _reaper = subprocess.Popen(
                [sys.executable, reaper.__file__, str(os.getpid())],
                stdin=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
            atexit.register(_let_reaper_work)
        assert _reaper.stdin is not None
        _reaper.stdin.write(json.dumps(entry).encode() + b"\n")
        _reaper.stdin.flush()


def _let_reaper_work() -> None:
    if _reaper is not None and _reaper.stdin is not None:
        _reaper.stdin.close()
        _reaper.wait(timeout=60)


def end_with_this_run(pid: int, number: int = signal.SIGKILL) -> None:
    """Register a process to be ended, with its descendants, when the test run ends in whatever way."""
    _tell_reaper({"pid": pid, "created": psutil.Process(pid).create_time(), "signal": int(number)})


def remove_container_with_this_run(name: str) -> None:
    """Register a container to be removed when the test run ends in whatever way."""
    _tell_reaper({"container": name})


def scratch_directory(prefix: str) -> Path:
    """Return a new temporary directory, removed when the test run ends in whatever way."""
    directory = tempfile.mkdtemp(prefix=f"whistle-{prefix}-")
    _tell_reaper({"directory": directory})
    return Path(directory)


class Process(Protocol):
    """The interface of a started process, as in `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Return the process id."""

    def poll(self) -> int | None:
        """Return the exit status, negative for the signal that ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status. Raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal to the process."""


class LocalProcess:
    """A server process started here, which can be killed, frozen and started again."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        directory: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: int = signal.SIGTERM,
        discard_signal: int = signal.SIGKILL,
    ) -> None:
        """Describe the process; `user` is whom it runs as, None for the user of the tests.

        `stop_signal` asks it for an orderly end, `discard_signal` ends it when nothing of it is needed any more.
        """
        self.argv = [str(word) for word in argv]
        self.directory = directory
        self.env = dict(env) if env is not None else None
        self.user = user
        self.stop_signal = stop_signal
        self.discard_signal = discard_signal
        self.log = directory / f"{Path(self.argv[0]).name}.log"
        self._process: Process | None = None

    @property
    def alive(self) -> bool:
        """Return whether the process runs (frozen counts as running)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the pid of the running process."""
        if self._process is None:
            raise ServerError(f"{self.argv[0]} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the process; its output is added to the log file."""
        if self.alive:
            raise ServerError(f"{self.argv[0]} is already running")
        self._process = self._spawn()
        end_with_this_run(self._process.pid, self.discard_signal)

    def _spawn(self) -> Process:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.argv,
                cwd=self.directory,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user is not None else None,
            )

    def wait(self, seconds: float = 30) -> int:
        """Wait for the process to end by itself; return the exit status, negative for the signal that killed it.

        ``seconds`` is the bound on an idle machine, as for `wait_until`. Raises ServerError.
        """
        if self._process is None:
            raise ServerError(f"{self.argv[0]} is not running")
        try:
            return self._process.wait(timeout=seconds * SLOWEST)
        except subprocess.TimeoutExpired:
            raise ServerError(f"{self.argv[0]} still runs after {seconds * SLOWEST:g} s\n{self.log_tail()}") from None

    def kill(self) -> None:
        """SIGKILL the process and everything below it, and wait until they are gone."""
        if self._process is not None:
            if self.alive:
                reaper.kill_tree(self._process.pid)
            self._process.wait(timeout=PATIENCE)
            self._process = None

    def stop(self, number: int | None = None) -> int | None:
        """Stop the process in an orderly way (SIGKILL after `PATIENCE` s); return the exit status."""
        status = None
        if self._process is not None:
            if self.alive:
                self.thaw()
                self._process.send_signal(self.stop_signal if number is None else number)
                try:
                    self._process.wait(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    reaper.kill_tree(self._process.pid)
            status = self._process.wait(timeout=PATIENCE)
            self._process = None
        return status

    def discard(self) -> None:
        """End the process as fast as possible."""
        if self.discard_signal == signal.SIGKILL:
            self.kill()
        else:
            self.stop(self.discard_signal)

    def freeze(self) -> None:
        """SIGSTOP the process and everything below it: connections stay open and nobody answers."""
        reaper.freeze_tree(self.pid)

    def thaw(self) -> None:
        """Resume a frozen process."""
        reaper.thaw_tree(self.pid)

    def log_tail(self, lines: int = 30) -> str:
        """Return the end of the process's output."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
