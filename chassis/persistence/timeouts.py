"""How long a service waits for its database, and how it stops waiting for one that froze.

The server ends a statement that takes too long or waits too long for a lock. A server that froze ends nothing, its kernel goes
on acknowledging, and the driver would wait for ever: so the client has a limit of its own, a little longer.
"""

import select
import time
from dataclasses import dataclass
from typing import Any

from psycopg2 import OperationalError, extensions

CONNECT_SECONDS = 5
MARGIN_SECONDS = 2
"""By so much the client waits longer, so that it hears of a time-out from a server that lives."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds. Migrations, exports and what an operator types have none: they may take long."""

    statement: float = 20.0
    """Less than a stop waits for its loops, many times what any statement of a service needs."""
    lock: float = 10.0
    """A transaction of ours is over in milliseconds: who waits so long waits for somebody's forgotten session."""

    def options(self) -> str:
        """For the server, as libpq's ``options``."""
        return f"-c statement_timeout={round(self.statement * 1000)} -c lock_timeout={round(self.lock * 1000)}"

    def connection_class(self) -> type:
        """A connection that `wait` gives up on."""
        return type("ImpatientConnection", (extensions.connection,), {"timeout": self.statement + MARGIN_SECONDS})


def install() -> None:
    """Have this process's connections wait by `wait`. After eventlet's patch it gives way to others, as eventlet's own does."""
    extensions.set_wait_callback(wait)


def wait(connection: Any) -> None:
    """Until the server has answered, or for as long as the connection's time-out allows. Raises OperationalError.

    The driver then closes the connection: what becomes of the statement nobody knows.
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
