"""Starts `whistle` processes by forking one that has imported everything.

The imports are four fifths of the processor time of a start, and the tests start some three hundred services. What runs is the
same code with the same arguments and environment; that a cold start works is shown by the tests that run `python -m cli.main`.

Run as a module with the path of a Unix socket. A connection carries one request, a line of JSON with ``words``, ``directory``,
``environment`` and ``log``; the answers are the new process's pid and, when it has ended, its exit status, a line each. A
keeper forked for the connection is the new process's parent, so the server itself waits for nobody.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from cli.main import main as whistle

PRELOADED = (
    "chassis.messaging.embedded",
    "chassis.configuration.settings",
    "cli.preflight",
    "cli.directory",
    "cli.store_integrity",
)


def _import_everything() -> Any:
    """Import the modules of a service, in the order of a start; return the standard library's socket module, unpatched."""
    from chassis import launch  # noqa: F401  # patches the standard library: before anything else is imported

    # isort: split
    from eventlet.patcher import original

    from cli.services import CLASSES, definition, service_class

    for module in PRELOADED:
        import_module(module)
    for service in CLASSES:
        service_class(service), definition(service)
    return original("socket")


def serve(path: str) -> None:
    """Take requests for as long as the process lives."""
    socket = _import_everything()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers leave no trace
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection)
            connection.close()


def _keep(connection: Any) -> None:
    """Start the requested process as its keeper, and report its pid and its end. Does not return in the keeper."""
    from eventlet.patcher import original

    with connection.makefile("rb") as asked:
        request = json.loads(asked.readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request)
    connection.sendall(b"%d\n" % pid)
    _, status = original("os").waitpid(pid, 0)
    with contextlib.suppress(OSError):  # whoever asked is gone
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: Mapping[str, Any]) -> None:
    """Run `whistle` with the requested words in the new process. Raises SystemExit."""
    os.setsid()
    os.chdir(request["directory"])
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(number, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["words"]
    _renew_hub()
    whistle(request["words"])


def _renew_hub() -> None:
    """Give the process an event hub of its own.

    A fork shares the epoll instance of its parent. Services that share one are woken by each other's sockets, and each such
    wake-up restarts the time-out of the read that was woken: with a broker that is frozen a connect then never ends.
    """
    from eventlet import hubs

    if (poll := getattr(hubs.get_hub(), "poll", None)) is not None:
        poll.close()
    hubs.use_hub()


if __name__ == "__main__":
    serve(sys.argv[1])
