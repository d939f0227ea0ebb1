"""The metrics of the console, which a port of its own serves to Prometheus. Label values come only from the code."""

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import listening

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10)
OTHER = "other"
"""The page of a request that no page answers."""


class ConsoleMetrics:
    """The metrics of one console process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Histogram(
            "whistle_console_seconds",
            "Time until a page begins to be answered, by page and status.",
            ["page", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.outages = Counter(
            "whistle_console_outages", "Requests to a service that did not answer.", ["service"], registry=self.registry
        )
        self.sign_ins = Counter(
            "whistle_console_sign_ins", "Attempts to sign in, by result.", ["result"], registry=self.registry
        )
        self.live_pages = Gauge(
            "whistle_console_live_pages", "Pages that hear of changes by themselves.", registry=self.registry
        )
        self.live_age = Gauge(
            "whistle_console_live_age_seconds", "Seconds since the ledger's feed was last heard.", registry=self.registry
        )

    def serve(self, address: str) -> None:
        """Answer GET /metrics at host:port from a thread. Raises StartupError."""
        host, _, port = address.rpartition(":")
        with listening("console", "OPS", address):
            start_http_server(int(port), host, self.registry)


class Measured:
    """ASGI middleware: records each answer under the page that gave it, never under its address."""

    def __init__(self, app: ASGIApp, metrics: ConsoleMetrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.monotonic() - began
                self._metrics.answers.labels(_page_of(scope.get("endpoint")), str(message["status"])).observe(seconds)
            await send(message)

        await self._app(scope, receive, measured)


def _page_of(endpoint: Any) -> str:
    """Return module and function of a page, such as ticket.show."""
    module, name = getattr(endpoint, "__module__", ""), getattr(endpoint, "__name__", "")
    return f"{module.removeprefix('console.pages.')}.{name}" if module.startswith("console.pages.") else OTHER
