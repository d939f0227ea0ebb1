"""Health and metrics over HTTP, served by a native thread, which answers even if every worker is busy and the hub is blocked.

GET /healthz (liveness), /readyz (readiness), /metrics (Prometheus text).
"""

import json
import logging
from contextlib import suppress
from typing import Any

from eventlet.patcher import original
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from chassis.observability.health import Health

_socket: Any = original("socket")
_threading: Any = original("threading")
_time: Any = original("time")

log = logging.getLogger(__name__)
READ_TIMEOUT = 2.0


class OpsServer:
    """An HTTP server on ``address`` (host:port). Raises OSError if the port is taken."""

    def __init__(self, address: str, health: Health, registry: CollectorRegistry):
        host, _, port = address.rpartition(":")
        self._health, self._registry = health, registry
        self._listener = _socket.create_server((host, int(port)), reuse_port=False)
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Start to answer, until the process ends."""
        _threading.Thread(target=self._serve, name="ops", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except Exception:  # for instance, no file descriptor is left: this thread has to survive it
                _time.sleep(0.1)
                continue
            with suppress(Exception), connection:
                connection.settimeout(READ_TIMEOUT)
                self._answer(connection)

    def _answer(self, connection: Any) -> None:
        request = connection.recv(4096).split(b" ")
        path = request[1].decode("latin-1").partition("?")[0] if len(request) > 1 else ""
        status, content_type, body = self._page(path)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    def _page(self, path: str) -> tuple[str, str, bytes]:
        if path == "/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/healthz":
            return self._state({"stuck": self._health.stuck()})
        if path == "/readyz":
            return self._state({"stuck": self._health.stuck(), "troubles": self._health.troubles()})
        return "404 Not Found", "text/plain", b"try /healthz, /readyz or /metrics\n"

    def _state(self, findings: dict[str, Any]) -> tuple[str, str, bytes]:
        good = not any(findings.values())
        findings |= {"ok": good, "heartbeat_age_seconds": round(self._health.heartbeat_age(), 3)}
        body = json.dumps(findings, ensure_ascii=False).encode() + b"\n"
        return "200 OK" if good else "503 Service Unavailable", "application/json", body
