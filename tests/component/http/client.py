"""A client that holds every answer against the service's OpenAPI document, and what it asks."""

from __future__ import annotations

import http.client
import json
from itertools import count
from typing import Any

import pytest

from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import Reply, check

over_servers = pytest.mark.parametrize("stack", ["servers"], indirect=True)
"""For what holds a table of PostgreSQL still, speaks over the broker or runs a service twice."""

WHISTLE: dict[str, Any] = {
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "channel": "hotline",
    "text": "楼上半夜放音乐",
    "address": "3号楼2单元",
    "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
}


PRIVATE = ("半夜", "3号楼", "王阿姨", "029-00001234")


_numbers = count(1)


def key() -> str:
    """A key that no other test uses."""
    return f"key-{next(_numbers)}"


def ask(
    stack: Deployment,
    service: str,
    method: str,
    path: str,
    account: str | None = None,
    body: Any = None,
    key: str | None = None,
    timeout: float = 20,
    **more: Any,
) -> Reply:
    """One request; its answer, which is what the document describes. ``body`` is sent as it is where it is bytes."""
    headers = {"Authorization": f"Bearer token-of-{account}"} if account else {}
    headers |= {"Idempotency-Key": key} if key is not None else {}
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    headers |= more.get("headers", {})
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports[service][0], timeout=timeout)
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        chunks = more.get("chunks")
        connection.request(method, path, chunks or data, headers, encode_chunked=bool(chunks))
        reply = read(connection.getresponse())
    finally:
        connection.close()
    check(service, method, path, reply)
    return reply


def read(answer: http.client.HTTPResponse) -> Reply:
    """What came."""
    return Reply(answer.status, dict(answer.headers), json.loads(answer.read()))


def whistle(stack: Deployment, key: str, account: str = "hotline", **changes: Any) -> Reply:
    """POST /whistles."""
    return ask(stack, "tickets", "POST", "/whistles", account, {**WHISTLE, **changes}, key)


def opened(stack: Deployment, ticket: str) -> int:
    """How often a ticket was said to be opened."""
    said = "SELECT count(*) FROM outbox WHERE type = 'ticket.opened.v1' AND subject = %s"
    return int(stack.rows("tickets", said, ticket)[0][0])


def recorded(stack: Deployment, subject: str) -> list[str]:
    """The types that the ledger has about a subject."""
    return [entry["type"] for entry in ask(stack, "ledger", "GET", f"/log/{subject}", "desk").body["entries"]]


def notices(stack: Deployment, ticket: str) -> list[Any]:
    """What notify says about a ticket."""
    found: list[Any] = ask(stack, "notify", "GET", f"/tickets/{ticket}/notices", "desk").body["notices"]
    return found


def changed(**changes: Any) -> bytes:
    return json.dumps({**WHISTLE, **changes}).encode()
