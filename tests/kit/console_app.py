"""The console in the test's own process, over services that answer as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response

from chassis.configuration.yaml_core import dump_yaml
from console import app as console_app
from console.metrics import ConsoleMetrics
from console.service_client import ServiceClient
from console.settings import ConsoleSettings
from contracts.topology import SERVICES
from tests.kit.deployment import ROOT, SECRET

Answer = Callable[[httpx.Request], httpx.Response]


class Visitor:
    """A browser at the console, without a network between. An error that breaks an answer off is raised."""

    def __init__(self, application: Starlette, language: str):
        self._transport, self._headers = httpx.ASGITransport(application), {"Accept-Language": language}
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> httpx.Response:
        """Return a page, or a redirection as it is."""
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://console", headers=self._headers, cookies=self.cookies
        ) as client:
            return await client.get(path)


def console_client(
    directory: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, roles: list[str] | None = None, language: str = "en"
) -> Visitor:
    """Return a visitor of the console, signed in with these roles unless they are None. ``answer`` stands for all services."""
    identities = directory / "identities.yaml"
    accounts = [
        {"id": "console", "units": [], "roles": ["producer", "reader"], "token_sha256": "0" * 64},
        {"id": "wang", "name": "王值班", "units": [], "roles": roles or [], "token_sha256": "1" * 64},
    ]
    identities.write_text(dump_yaml({"accounts": accounts}))
    settings = ConsoleSettings(
        http="127.0.0.1:0",
        ops="127.0.0.1:0",
        services={service: f"http://{service}" for service in SERVICES},
        identities=identities,
        config_dir=ROOT / "deploy",
        clock_file=None,
        secret=SECRET,
        account="console",
        sample=None,
        oidc=None,
        session=timedelta(hours=1),
        reports_per_hour=20,
        lookups_per_hour=60,
        proxies=[],
        log_level=20,
    )
    monkeypatch.setattr(console_app, "ServiceClient", lambda urls, **_: ServiceClient(urls, httpx.MockTransport(answer)))
    application = console_app.application(settings, ConsoleMetrics())
    visitor = Visitor(application, language)
    if roles is not None:
        started = Response()
        application.state.console.sessions.start(started, "wang", https=False)
        name, _, value = started.headers["set-cookie"].partition(";")[0].partition("=")
        visitor.cookies[name] = value
    return visitor
