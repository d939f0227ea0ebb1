"""The metrics of the console: each answer under its page, and nothing that a visitor wrote."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from console.metrics import ConsoleMetrics, Measured
from console.page import View, endpoint
from console.pages import home


async def page(view: View) -> Response:
    return PlainTextResponse("a page")


page.__module__, page.__name__ = home.__name__, "show"


async def refused(_: object) -> Response:
    raise PermissionError


def test_an_answer_is_counted_under_its_page_and_status(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = ConsoleMetrics()
    monkeypatch.setattr("console.page.view_of", lambda request: request)
    routes = [Route("/tickets/{ticket}", endpoint(page)), Route("/elsewhere", refused)]
    handlers = {PermissionError: lambda *_: PlainTextResponse("no", 403)}
    client = TestClient(Starlette(routes=routes, middleware=[Middleware(Measured, metrics)], exception_handlers=handlers))
    client.get("/tickets/T1?token=secret")
    client.get("/tickets/T2")
    client.get("/elsewhere")
    client.get("/<script>")
    counts = {
        (sample.labels["page"], sample.labels["status"]): sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "whistle_console_seconds_count"
    }
    assert counts == {("home.show", "200"): 2, ("other", "403"): 1, ("other", "404"): 1}
