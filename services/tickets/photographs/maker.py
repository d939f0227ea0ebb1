"""Making pictures anew from a service: one process for each, at most `MAX_PROCESSES` at once, each with a time limit."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from chassis.effects import Refused
from chassis.http.files import SentFile
from chassis.http.problem import unavailable
from contracts.photographs import NOT_READABLE, TOO_SLOW
from services.tickets.domain.photographs import FIELD
from services.tickets.photographs.file_store import FileStore

log = logging.getLogger(__name__)

MAX_PROCESSES = 2
SECONDS = 30.0
"""The time limit of a process, also if the machine is busy."""
WAIT_SECONDS = 30.0
"""The longest wait for one of the processes."""
_MODULE = "services.tickets.photographs.process"
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
"""The variables that the process gets: none of the service's secrets is among them."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture that was made anew and stored."""

    digest: str
    bytes: int
    width: int
    height: int
    lat: float | None
    lon: float | None


class Maker:
    """Makes pictures anew and stores them in a directory."""

    def __init__(self, files: FileStore, seconds: float = SECONDS):
        self._files, self._seconds = files, seconds
        self._free = threading.BoundedSemaphore(MAX_PROCESSES)

    def stored(self, sent: SentFile) -> StoredImage:
        """Return a picture, stored. Raises Refused for a bad file, Problem 503 if too many wait or nothing can be stored."""
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise unavailable("too many pictures are being read; ask again, with the same Idempotency-Key")
        try:
            answer = self._run(sent)
        finally:
            self._free.release()
        if "refused" in answer:
            raise Refused({FIELD: answer["refused"]})
        return StoredImage(**answer)

    def _run(self, sent: SentFile) -> dict[str, Any]:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command = [sys.executable, "-m", _MODULE, str(self._files.path), sent.media_type]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
            # a timer, because eventlet's `communicate` raises another TimeoutExpired than that of the module
            late = threading.Event()
            timer = threading.Timer(self._seconds, _end, (process, late))
            timer.start()
            try:
                out, errors = process.communicate(sent.content)
            finally:
                timer.cancel()
                process.kill()  # without effect on one that has ended
        if process.returncode == 0:
            answer: dict[str, Any] = json.loads(out)
            return answer
        if late.is_set() or process.returncode == -signal.SIGXCPU:
            raise Refused({FIELD: TOO_SLOW})
        if process.returncode < 0:  # a decoder crashed
            log.warning("a picture ended its process", extra={"signal": -process.returncode})
            raise Refused({FIELD: NOT_READABLE})
        log.error("a picture was not stored: %s", errors.decode(errors="replace").strip().rpartition("\n")[2][:300])
        raise unavailable("the picture could not be stored; ask again, with the same Idempotency-Key")


def _end(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()
