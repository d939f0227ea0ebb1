"""One pair of servers for all processes of a test run, started when the first test of any of them needs one.

The process that started the others (pytest-xdist's controller) owns the servers, so that they live as long as the run. A worker
asks it over a socket of its own and gets the environment variables that name them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener

from tests.kit.processes import ServerError
from tests.kit.servers import both, variables

ADDRESS, KEY = "WHISTLE_TEST_SERVERS_SOCKET", "WHISTLE_TEST_SERVERS_KEY"
"""Environment variables of the workers: where to ask, and the key that proves who asks."""

Answer = dict[str, str] | str
"""The variables that name the servers, or why there are none."""


@contextmanager
def offered() -> Iterator[None]:
    """Start the servers when they are asked for, and stop them at the end of the block."""
    key = os.urandom(16)
    with ExitStack() as servers, Listener(None, "AF_UNIX", authkey=key) as listener:
        os.environ.update({ADDRESS: str(listener.address), KEY: key.hex()})
        threading.Thread(target=_answer, args=(listener, servers), name="shared servers", daemon=True).start()
        yield


def asked_for() -> dict[str, str]:
    """Return the variables that name this run's servers; none where nobody shares any. Raises ServerError."""
    if ADDRESS not in os.environ:
        return {}
    with Client(os.environ[ADDRESS], "AF_UNIX", authkey=bytes.fromhex(os.environ[KEY])) as connection:
        answer: Answer = connection.recv()
    if isinstance(answer, str):
        raise ServerError(answer)
    return answer


def _answer(listener: Listener, servers: ExitStack) -> None:
    """Answer one worker after the other: the first waits for the servers to start, and the others for the first."""
    answer: Answer | None = None
    with suppress(OSError):  # the listener is closed: the run is over
        while True:
            # a worker that was killed while it asked keeps nobody else from asking
            with suppress(AuthenticationError, EOFError, ConnectionError), listener.accept() as asking:
                answer = answer or _started(servers)
                asking.send(answer)


def _started(servers: ExitStack) -> Answer:
    try:
        return variables(servers.enter_context(both()))
    except ServerError as wrong:
        return str(wrong)
