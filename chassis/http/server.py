"""nameko's web server, without what loses answers, lets a client end the process, or lets it hold a connection for ever."""

import logging
import time
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.server import WebServer
from prometheus_client import Histogram
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from chassis import log as logs
from chassis.http.problem import Problem, problem_of, unavailable
from chassis.http.protocol import Protocol
from chassis.nameko import RUNTIME_KEY
from chassis.starting import listening

log = logging.getLogger(__name__)

SOCKET_TIMEOUT = 30.0
"""Seconds that a client may be silent in the middle of a request."""
IDLE_TIMEOUT = 75.0
"""Seconds that a connection may wait for its next request."""
DRAIN_DEADLINE = 20.0
NOTHING = "none"
"""The operation of a request that asks for nothing there is."""
MOST_CONNECTIONS = 512
"""At once; one more is closed unread, so that a crowd at this door leaves descriptors for the broker and the store."""

Wsgi = Callable[[Any, Any], Any]
Speaker = Callable[[Problem, str], Response]
"""Says on a path what is wrong."""


class Server(WebServer):
    """The service's own address. Every error is a problem document, also those that no entrypoint sees."""

    def __init__(self) -> None:
        super().__init__()
        self._serv: Any = None
        self._draining = False
        self.speakers: dict[str, Speaker] = {}
        """By the beginning of a path: who says there, in a standard's words, what no entrypoint sees."""
        self._open = 0

    def setup(self) -> None:
        super().setup()
        self._seconds = Histogram(
            "whistle_http_seconds",
            "Time to answer, by operation and status.",
            ["operation", "status"],
            registry=self.container.config[RUNTIME_KEY].registry,
        )

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """A request was answered: one line, under the ids that are bound. The log gets no path: it is the sender's text."""
        self._seconds.labels(operation, str(status)).observe(seconds)
        log.info("answered", extra={"operation": operation, "status": status, "milliseconds": round(seconds * 1000)})

    def _refuse(self, problem: Problem, environ: Any, start_response: Any) -> Any:
        """What no entrypoint sees: there is no such resource, or the service stops."""
        path = environ.get("PATH_INFO", "")
        say = next((say for beginning, say in self.speakers.items() if path.startswith(beginning)), None)
        with logs.bound(service=self.container.config[RUNTIME_KEY].definition.name):
            self.answered(NOTHING, problem.status, 0.0)
        response = say(problem, path) if say else problem.response()
        return response(environ, start_response)

    @property
    def bind_addr(self) -> Any:
        host, _, port = self.container.config[RUNTIME_KEY].settings.http.rpartition(":")
        return host, int(port)

    def listen(self) -> None:
        """Take the address, before anything of the service is at work. Raises CannotStart."""
        settings = self.container.config[RUNTIME_KEY].settings
        with listening(settings.service, "HTTP", settings.http):
            self._sock = eventlet.listen(self.bind_addr, backlog=MOST_CONNECTIONS)
        self._sock.settimeout(None)

    def start(self) -> None:
        """Answer from now on. Every entrypoint calls it."""
        if self._serv is None:
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    @property
    def address(self) -> str:
        """host:port on which it listens; of use where the settings ask for any free port."""
        host, port = self._sock.getsockname()[:2]
        return f"{host}:{port}"

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = Protocol, debug: bool = False) -> Any:
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log=log,
            log_output=False,  # a query string is the sender's text and no business of the log
            keepalive=IDLE_TIMEOUT,
            socket_timeout=SOCKET_TIMEOUT,
        )

    def get_wsgi_app(self) -> Wsgi:
        app = super().get_wsgi_app()
        app.url_map.merge_slashes = False  # else /tickets//T1 is a redirect, and a redirect is no problem document

        def with_problems(environ: Any, start_response: Any) -> Any:
            if self._draining:
                return self._refuse(unavailable("the service is stopping"), environ, start_response)
            try:
                app.url_map.bind_to_environ(environ).match()
            except HTTPException as refused:
                return self._refuse(problem_of(refused), environ, start_response)
            return app(environ, start_response)

        return with_problems

    def run(self) -> None:
        """Accept connections. Having no descriptor left for one is no reason to end."""
        while self._is_accepting:
            try:
                sock, address = self._sock.accept()
            except OSError as wrong:
                log.error("cannot accept a connection: %s", wrong)
                eventlet.sleep(0.1)
                continue
            if self._open >= MOST_CONNECTIONS:
                sock.close()
                continue
            self._open += 1
            sock.settimeout(SOCKET_TIMEOUT)
            self.container.spawn_managed_thread(lambda s=sock, a=address: self.process_request(s, a), identifier="http")

    def process_request(self, sock: Any, address: Any) -> None:
        """One connection. An error here would end the whole process, and a client can cause one."""
        try:
            super().process_request(sock, address)
        except Exception as wrong:
            log.info("a connection ended with %s", type(wrong).__name__)
        finally:
            self._open -= 1
            sock.close()

    def drain(self) -> None:
        """Accept nothing more, and return when every request that was begun is answered. Safe to call again."""
        if self._serv is None:
            return
        if not self._draining:
            self._draining = True
            self.container.config[RUNTIME_KEY].health.report("http", "stopping")
            self._is_accepting = False
            self._gt.kill()
            self._sock.close()
            self._serv.keepalive = False  # each answer from now on is its connection's last
        end = time.monotonic() + DRAIN_DEADLINE
        while self._serv.outstanding_requests:
            if time.monotonic() > end:
                log.error("stop: %d requests were not answered in time", self._serv.outstanding_requests)
                return
            eventlet.sleep(0.01)
