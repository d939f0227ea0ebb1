"""Ends what a test run started, however the run itself ends.

Run as a script in a session of its own.  Standard input carries one JSON object a line, each naming
something to clean up (a process, a container, a directory).  When the input closes, or the process that
started this one is gone (SIGTERM and SIGKILL included), everything named is ended and removed.
Processes are known by pid *and* creation time, so a pid that was used again is never touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return the process and all its descendants, parents first."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [root]


def signal_all(processes: Iterable[psutil.Process], number: int) -> None:
    """Send a signal to each process that is still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _still_there(process: psutil.Process) -> bool:
    """Return whether the process is more than an entry in the process table that its parent has not collected."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all its descendants; the root is stopped first so that it forks no more."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    signal_all([root], signal.SIGSTOP)
    doomed = tree(root)
    signal_all(doomed, signal.SIGKILL)
    end = time.monotonic() + 10
    while any(_still_there(process) for process in doomed[1:]) and time.monotonic() < end:
        time.sleep(0.01)


def freeze_tree(pid: int) -> None:
    """SIGSTOP a process and all its descendants."""
    root = psutil.Process(pid)
    signal_all([root], signal.SIGSTOP)
    signal_all(tree(root)[1:], signal.SIGSTOP)


def thaw_tree(pid: int) -> None:
    """Undo freeze_tree."""
    signal_all(reversed(tree(psutil.Process(pid))), signal.SIGCONT)


def _end_process(entry: dict[str, Any]) -> None:
    try:
        process = psutil.Process(entry["pid"])
        if process.create_time() != entry["created"]:
            return
        if entry["signal"] != signal.SIGKILL:
            signal_all(tree(process), signal.SIGCONT)
            process.send_signal(entry["signal"])
            process.wait(timeout=5)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        pass
    kill_tree(entry["pid"])


def clean_up(entries: list[dict[str, Any]]) -> None:
    """End and remove everything named: processes, then containers, then directories; newest first."""
    for entry in reversed(entries):
        if "pid" in entry:
            _end_process(entry)
    for entry in reversed(entries):
        if "container" in entry:
            command = ["docker", "rm", "--force", "--volumes", entry["container"]]
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=360)
    for entry in reversed(entries):
        if "directory" in entry:
            for _ in range(20):
                shutil.rmtree(entry["directory"], ignore_errors=True)
                if not Path(entry["directory"]).exists():
                    break
                time.sleep(0.1)


def main() -> None:
    """Collect what to clean up until the owner closes the input or is gone; then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    owner = int(sys.argv[1])
    received = b""
    while True:
        # Asked before reading: what a dead owner wrote is all there to be read.
        owner_lives = os.getppid() == owner
        if select.select([0], [], [], 0.5 if owner_lives else 0)[0]:
            data = os.read(0, 65536)
            if not data:
                break
            received += data
        elif not owner_lives:
            break
    clean_up([json.loads(line) for line in received.splitlines() if line.endswith(b"}")])


if __name__ == "__main__":
    main()
