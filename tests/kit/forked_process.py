"""Processes that a fork server starts, with what `subprocess.Popen` offers of a process. See `tests.kit.fork_server`."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.kit.processes import LocalProcess, ServerError, end_with_this_run, scratch_directory

ROOT = Path(__file__).resolve().parents[2]


class ForkedProcess:
    """One forked process, known by its pid, and by the connection that reports its end."""

    def __init__(self, server: str, words: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path):
        self._told = socket.socket(socket.AF_UNIX)
        self._told.connect(server)
        asked = {"words": list(words), "directory": str(directory), "environment": dict(environment), "log": str(log)}
        self._told.sendall(json.dumps(asked).encode() + b"\n")
        self._lines = self._told.makefile("rb")
        self._waiting = threading.Lock()
        self.args = ["whistle", *words]
        self.pid = int(self._lines.readline() or b"0")
        self.returncode: int | None = None
        if not self.pid:
            raise ServerError(f"the fork server did not start whistle {' '.join(words)}")

    def poll(self) -> int | None:
        """Return the exit status, negative for the signal that ended it; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status. Raises subprocess.TimeoutExpired."""
        with self._waiting:
            if self.returncode is None:
                if not select.select([self._told], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self.returncode = int(self._lines.readline() or -signal.SIGKILL)
                self._lines.close()
                self._told.close()
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class WhistleProcess(LocalProcess):
    """A forked `whistle` process with these words."""

    def __init__(self, words: Sequence[str], directory: Path, env: Mapping[str, str]):
        super().__init__([Path(sys.executable), *words], directory, env)
        self.words = list(words)

    def _spawn(self) -> ForkedProcess:
        return ForkedProcess(_server(), self.words, self.directory, self.env or {}, self.log)


@cache
def _server() -> str:
    """Return the path of the fork server's socket; the first call starts the server."""
    path = str(scratch_directory("forks") / "socket")
    command = [sys.executable, "-m", "tests.kit.fork_server", path]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    end_with_this_run(server.pid)
    assert server.stdout is not None
    if server.stdout.readline() != b"ready\n":
        raise ServerError("the fork server did not start")
    return path
