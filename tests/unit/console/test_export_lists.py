"""Exported lists are read page by page, and a list that cannot be finished is never taken for a whole one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from console.exports import lists
from console.exports.csv_text import csv_bytes
from console.names import DeploymentNames
from console.rendering import Texts
from console.service_client import ServiceClient, ServiceUnavailable
from contracts.http.dispatch_lists import LIST_CASES

ZONE = ZoneInfo("Asia/Shanghai")
CASE: dict[str, Any] = {**LIST_CASES.answered["cases"][0], "units": [], "due": None, "due_clock": None, "estate": None}
PERSON: Any = SimpleNamespace(token="token")


def exported(answers: list[Any], search: dict[str, Any]) -> tuple[list[bytes], list[dict[str, str]], Exception | None]:
    """Export the queue; return the parts of the file, the searches that were sent, and how it broke."""
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        found = answers[len(asked) - 1]
        return httpx.Response(503) if found is None else httpx.Response(200, json=found)

    async def run() -> tuple[list[bytes], Exception | None]:
        services = ServiceClient({"dispatch": "http://dispatch"}, httpx.MockTransport(answer))
        texts = Texts("en", DeploymentNames({"categories": {"noise": {"en": "=Noise"}}}, {}), ZONE)
        view: Any = SimpleNamespace(services=services, texts=texts, now=datetime.now(UTC))
        parts: list[bytes] = []
        try:
            async for part in csv_bytes(lists.queue(view, PERSON, search), ZONE):
                parts.append(part)
        except ServiceUnavailable as wrong:
            return parts, wrong
        finally:
            await services.close()
        return parts, None

    parts, wrong = asyncio.run(run())
    return parts, asked, wrong


def page(*ids: str, following: str | None = None) -> dict[str, Any]:
    return {"cases": [{**CASE, "id": id_} for id_ in ids], "next": following}


def test_pages_are_asked_for_one_after_the_other_with_the_same_filters() -> None:
    answers = [page("T1", "T2", following="W1"), page(following="W2"), page("T3")]
    parts, asked, wrong = exported(answers, {"urgency": "E2", "area": None, "open": True})
    assert wrong is None
    assert asked == [
        {"urgency": "E2", "open": "true", "limit": "200"},
        {"urgency": "E2", "open": "true", "limit": "200", "after": "W1"},
        {"urgency": "E2", "open": "true", "limit": "200", "after": "W2"},
    ]
    assert len(parts) == 4
    assert [line.split(",")[:2] for line in b"".join(parts).decode("utf-8-sig").splitlines()] == [
        ["Number", "Kind of matter"],
        ["T1", "'=Noise"],
        ["T2", "'=Noise"],
        ["T3", "'=Noise"],
    ]


def test_a_service_that_stops_answering_breaks_the_file_off() -> None:
    parts, asked, wrong = exported([page("T1", following="W1"), None], {})
    assert isinstance(wrong, ServiceUnavailable)
    assert len(asked) == 2
    assert len(parts) == 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_list_has_as_many_cells_as_columns(language: str) -> None:
    for operation, make, of in (
        (lists.dispatch_lists.LIST_CASES, lambda view: lists.queue(view, PERSON, {}), "cases"),
        (lists.dispatch_lists.LIST_WORK, lambda view: lists.work(view, PERSON), "work"),
        (lists.ledger_tickets.LIST_FIGURE_TICKETS, lambda view: lists.figure_tickets(view, PERSON, "response", {}), "tickets"),
        (lists.ledger.GET_KPIS, lambda view: lists.figures(view, PERSON, {}), "figures"),
    ):

        async def rows(operation: Any = operation, make: Any = make) -> tuple[Any, list[Any]]:
            transport = httpx.MockTransport(lambda _: httpx.Response(200, json=operation.answered))
            services = ServiceClient({"dispatch": "http://dispatch", "ledger": "http://ledger"}, transport)
            view: Any = SimpleNamespace(services=services, texts=Texts(language, DeploymentNames({}, {}), ZONE))
            table = make(view)
            found = [row async for page in table.pages for row in page]
            await services.close()
            return table, found

        table, found = asyncio.run(rows())
        assert len(found) == len(operation.answered[of])
        assert all(len(row) == len(table.columns) for row in found)
        assert len({column.title for column in table.columns}) == len(table.columns)
