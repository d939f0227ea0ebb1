"""nameko's web server, changed so that it loses no answer and no client can end the process or hold a connection for ever."""

import logging
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.server import WebServer
from prometheus_client import Counter, Histogram
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from chassis.client_address import Crowd, Proxies
from chassis.configuration.settings import Settings
from chassis.errors import listening
from chassis.http.command_batch import CommandBatches
from chassis.http.problem import RETRY_AFTER_SECONDS, Problem, problem_of, unavailable
from chassis.http.protocol import Protocol
from chassis.observability import logs
from chassis.runtime.nameko import RUNTIME_KEY

log = logging.getLogger(__name__)

SOCKET_TIMEOUT = 30.0
"""Seconds that a client may be silent in the middle of a request."""
IDLE_TIMEOUT = 75.0
"""Seconds that a connection may wait for its next request."""
DRAIN_DEADLINE = 20.0
NOTHING = "none"
"""The operation label of a request for an unknown resource."""
MAX_CONNECTIONS = 512
"""The most open connections. A further one is closed unread, so that descriptors remain for the broker and the store."""

Wsgi = Callable[[Any, Any], Any]
Speaker = Callable[[Problem, str], Response]
"""Returns the answer that describes a problem on a path."""


def _too_many() -> Problem:
    told = "too many requests of this client are open; wait for the answers, then ask again"
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, told, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


class Server(WebServer):
    """The HTTP server of a service. Every error is a problem document, also one that no entrypoint sees."""

    def __init__(self) -> None:
        super().__init__()
        self._serv: Any = None
        self._draining = False
        self.speakers: dict[str, Speaker] = {}
        """By the prefix of a path: the function that answers, in a standard's format, errors that no entrypoint sees."""
        self.open_to_browsers: dict[str, Callable[[Collection[str]], Response]] = {}
        """By the prefix of a path: the function that answers OPTIONS there, given the path's methods (CORS)."""
        self._open = 0

    def setup(self) -> None:
        super().setup()
        self._seconds = Histogram(
            "whistle_http_seconds",
            "Time to answer, by operation and status.",
            ["operation", "status"],
            registry=self.container.config[RUNTIME_KEY].registry,
        )

        settings: Settings = self.container.config[RUNTIME_KEY].settings
        self.batches = CommandBatches(self.container.config[RUNTIME_KEY])
        self._proxies = settings.proxies
        self._connections, self._requests = Crowd(settings.per_client), Crowd(settings.per_client)
        self._turned_away = Counter(
            "whistle_http_turned_away",
            "Connections and requests not taken, because of one client or of all there were too many.",
            ["of"],
            registry=self.container.config[RUNTIME_KEY].registry,
        )

    @property
    def proxies(self) -> Proxies:
        """Return the trusted proxies."""
        return self._proxies

    @property
    def stopping(self) -> bool:
        """Return whether the service is stopping: who waits for news is answered at once."""
        return self._draining

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Record an answered request in one log line, with the bound ids. The path is not logged: it is the sender's text."""
        self._seconds.labels(operation, str(status)).observe(seconds)
        log.info("answered", extra={"operation": operation, "status": status, "milliseconds": round(seconds * 1000)})

    def _refuse(self, problem: Problem, environ: Any, start_response: Any) -> Any:
        """Answer a request that no entrypoint sees: the resource does not exist, or the service is stopping."""
        path = environ.get("PATH_INFO", "")
        say = next((say for beginning, say in self.speakers.items() if path.startswith(beginning)), None)
        with logs.bound(service=self.container.config[RUNTIME_KEY].definition.name):
            self.answered(NOTHING, problem.status, 0.0)
        response = say(problem, path) if say else problem.response()
        return response(environ, start_response)

    def _preflight(self, environ: Any, refused: HTTPException) -> Response | None:
        """Return the answer to OPTIONS on a path that pages of other origins may use; None for any other request."""
        path = environ.get("PATH_INFO", "")
        say = next((say for beginning, say in self.open_to_browsers.items() if path.startswith(beginning)), None)
        if say is None or environ["REQUEST_METHOD"] != "OPTIONS" or not isinstance(refused, MethodNotAllowed):
            return None
        self.answered(NOTHING, HTTPStatus.NO_CONTENT, 0.0)
        return say(list(refused.valid_methods or ()))

    @property
    def bind_addr(self) -> Any:
        host, _, port = self.container.config[RUNTIME_KEY].settings.http.rpartition(":")
        return host, int(port)

    def listen(self) -> None:
        """Bind the address, before any loop of the service runs. Raises StartupError."""
        settings = self.container.config[RUNTIME_KEY].settings
        with listening(settings.service, "HTTP", settings.http):
            self._sock = eventlet.listen(self.bind_addr, backlog=MAX_CONNECTIONS)
        self._sock.settimeout(None)

    def start(self) -> None:
        """Start to answer. Every entrypoint calls it."""
        if self._serv is None:
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    @property
    def address(self) -> str:
        """Return host:port on which it listens; useful if the settings ask for any free port."""
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
            log_output=False,  # a query string is the sender's text and must not be logged
            keepalive=IDLE_TIMEOUT,
            socket_timeout=SOCKET_TIMEOUT,
        )

    def get_wsgi_app(self) -> Wsgi:
        app = super().get_wsgi_app()
        app.url_map.merge_slashes = False  # otherwise /tickets//T1 is a redirect, which is not a problem document

        def limited(environ: Any, start_response: Any) -> Any:
            client = self._proxies.client(environ)
            if client == environ["REMOTE_ADDR"]:  # its connections are counted
                return with_problems(environ, start_response)
            if not self._requests.enter(client):
                self._turned_away.labels("client").inc()
                return self._refuse(_too_many(), environ, start_response)
            try:
                return with_problems(environ, start_response)
            finally:
                self._requests.leave(client)

        def with_problems(environ: Any, start_response: Any) -> Any:
            if self._draining:
                return self._refuse(unavailable("the service is stopping"), environ, start_response)
            try:
                app.url_map.bind_to_environ(environ).match()
            except HTTPException as refused:
                if preflight := self._preflight(environ, refused):
                    return preflight(environ, start_response)
                return self._refuse(problem_of(refused), environ, start_response)
            return app(environ, start_response)

        return limited

    def run(self) -> None:
        """Accept connections. It continues when no file descriptor is left for one."""
        while self._is_accepting:
            try:
                sock, address = self._sock.accept()
            except OSError as wrong:
                log.error("cannot accept a connection: %s", wrong)
                eventlet.sleep(0.1)
                continue
            if not self._admit(address[0]):
                sock.close()
                continue
            sock.settimeout(SOCKET_TIMEOUT)
            self.container.spawn_managed_thread(lambda s=sock, a=address: self._serve(s, a), identifier="http")

    def process_request(self, sock: Any, address: Any) -> None:
        """Handle one connection. An uncaught error would end the whole process, and a client can cause one."""
        try:
            super().process_request(sock, address)
        except Exception as wrong:
            log.info("a connection ended with %s", type(wrong).__name__)
        finally:
            sock.close()

    def _serve(self, sock: Any, address: Any) -> None:
        try:
            self.process_request(sock, address)
        finally:
            self._leave(address[0])

    def _admit(self, address: str) -> bool:
        """Count a connection. Return False if there are too many, of all clients or of this one.

        Connections of a trusted proxy belong to many clients: the proxy limits them, and here each client's requests are
        limited.
        """
        if self._open >= MAX_CONNECTIONS:
            self._turned_away.labels("all").inc()
            return False
        if not self._proxies.trust(address) and not self._connections.enter(address):
            self._turned_away.labels("client").inc()
            return False
        self._open += 1
        return True

    def _leave(self, address: str) -> None:
        self._open -= 1
        if not self._proxies.trust(address):
            self._connections.leave(address)

    def drain(self) -> None:
        """Stop accepting, and return when every request in progress is answered. Safe to call again."""
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
