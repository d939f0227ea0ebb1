"""Time-outs of the database, also for a server that is frozen.

The server ends a statement that takes too long or waits too long for a lock. A frozen server ends nothing while its kernel goes
on acknowledging, and the driver would wait without limit: so the client has its own, slightly longer time-out.
"""

import select
import time
from dataclasses import dataclass
from typing import Any

from psycopg2 import OperationalError, extensions

CONNECT_SECONDS = 5
MARGIN_SECONDS = 2
"""The extra time that the client waits, so that a running server can report its own time-out."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds. Migrations, exports and operators' commands have none, because they may take long."""

    statement: float = 20.0
    """Less than a stop waits for its loops, and many times what any statement of a service needs."""
    lock: float = 10.0
    """A transaction of a service takes milliseconds: a wait this long means that a forgotten session holds the lock."""

    def options(self) -> str:
        """Return the limits for the server, as libpq's ``options``."""
        return f"-c statement_timeout={round(self.statement * 1000)} -c lock_timeout={round(self.lock * 1000)}"

    def connection_class(self) -> type:
        """Return a connection class with the time-out that `wait` applies."""
        return type("ImpatientConnection", (extensions.connection,), {"timeout": self.statement + MARGIN_SECONDS})


def install() -> None:
    """Install `wait` for this process's connections. After eventlet's patch it yields to other green threads, as eventlet's own
    does."""
    extensions.set_wait_callback(wait)


def wait(connection: Any) -> None:
    """Wait until the server has answered, at most for the connection's time-out. Raises OperationalError.

    The driver then closes the connection; it stays unknown whether the statement took effect.
    """
    connecting = connection.status == extensions.STATUS_SETUP
    seconds = CONNECT_SECONDS if connecting else getattr(connection, "timeout", None)
    end = None if seconds is None else time.monotonic() + seconds
    while (state := connection.poll()) != extensions.POLL_OK:
        left = None if end is None else max(0.0, end - time.monotonic())
        socket = [connection.fileno()]
        reading, writing = (socket, []) if state == extensions.POLL_READ else ([], socket)
        if left == 0.0 or not any(select.select(reading, writing, [], left)):
            raise OperationalError(f"the database has not answered for {seconds:g} s")
