"""The web console beside the services of an embedded deployment: a process of its own, started again whenever it ends.

It has no store, so that its end costs nothing; and the services go on while it is away.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.backoff import Backoff

log = logging.getLogger(__name__)
CHECK_SECONDS, STOP_SECONDS = 0.5, 25.0
_PAUSES = Backoff(first=1.0, longest=60.0)


@contextmanager
def console_process() -> Iterator[None]:
    """Keep a console running during the block, with this process's environment, and stop it in order afterwards."""
    stop, keeper = threading.Event(), None
    try:
        keeper = threading.Thread(target=_keep, args=(stop,), name="console", daemon=True)
        keeper.start()
        yield
    finally:
        stop.set()
        if keeper is not None:
            keeper.join(STOP_SECONDS + CHECK_SECONDS)


def _keep(stop: threading.Event) -> None:
    failures = 0
    while not stop.is_set():
        process = subprocess.Popen([sys.executable, "-m", "console"])
        while process.poll() is None and not stop.wait(CHECK_SECONDS):
            pass
        if stop.is_set():
            _end(process)
            return
        failures += 1
        pause = _PAUSES.seconds(failures)
        log.error("the console ended with status %s; it is started again in %.0f s", process.returncode, pause)
        stop.wait(pause)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
