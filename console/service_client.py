"""The HTTP client of the four services. It sends an `Operation` of the contracts and returns the answer by its schema."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from marshmallow import EXCLUDE

from contracts.http import BY_SERVICE
from contracts.http.files import Download, Upload
from contracts.http.operation import IDEMPOTENCY_KEY, Operation

log = logging.getLogger(__name__)

SERVICE_OF = {operation.id: service for service, operations in BY_SERVICE.items() for operation in operations}
"""The service of each operation, by the operation's id."""
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
UPLOAD_TIMEOUT = httpx.Timeout(90.0, connect=3.0)
"""A picture waits for others and is made anew before tickets answers."""
LIMITS = httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=15.0)
"""Fewer connections than a service admits from one address (WHISTLE_HTTP_PER_CLIENT, 64)."""
Json = dict[str, Any]
T = TypeVar("T")


class ServiceUnavailable(Exception):
    """Raised where a service does not answer, or answers that it cannot. ``service`` names it."""

    def __init__(self, service: str):
        self.service = service
        super().__init__(f"{service} does not answer")


@dataclass
class Refusal(Exception):
    """A problem document with which a service refused a request. ``errors`` are its reasons by field."""

    status: HTTPStatus
    detail: str
    errors: Mapping[str, str] = field(default_factory=dict)


class SessionRefused(Exception):
    """Raised where a service does not know the account of the session any more."""


class ServiceClient:
    """Sends operations to the services. One client serves the whole process.

    ``on_outage`` gets the service of each request that was not answered.
    """

    def __init__(
        self,
        services: Mapping[str, str],
        transport: httpx.AsyncBaseTransport | None = None,
        on_outage: Callable[[str], None] = lambda _: None,
    ):
        self._on_outage = on_outage
        self._clients = {
            service: httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=LIMITS, transport=transport)
            for service, url in services.items()
        }

    async def ask(
        self, operation: Operation, token: str | None = None, search: Mapping[str, Any] | None = None, **values: str
    ) -> Json:
        """Return the answer of a query. Raises ServiceUnavailable, Refusal, SessionRefused."""
        parameters = {name: _text(value) for name, value in (search or {}).items() if value is not None}
        return await self._send(operation, token, values, params=parameters)

    async def command(
        self, operation: Operation, body: Mapping[str, Any], key: str, token: str | None = None, **values: str
    ) -> Json:
        """Give a command and return its answer. The same ``key`` has its effect once. Raises what `ask` raises."""
        given = {name: value for name, value in body.items() if value is not None}
        return await self._send(operation, token, values, json=given, key=key)

    async def upload(
        self,
        operation: Upload,
        content: AsyncIterable[bytes],
        media_type: str,
        size: int,
        key: str,
        token: str | None = None,
        search: Mapping[str, str] | None = None,
        **values: str,
    ) -> Json:
        """Send a file of ``size`` bytes and return the answer. The same ``key`` has its effect once. Raises as `ask` does."""
        headers = {**_authority(token), IDEMPOTENCY_KEY: key, "Content-Type": media_type, "Content-Length": str(size)}
        service = SERVICE_OF[operation.id]
        request = self._clients[service].build_request(
            operation.method, operation.at(**values), params=search, content=content, headers=headers, timeout=UPLOAD_TIMEOUT
        )
        return _answer(operation, service, await self._sent(operation, request))

    async def download(self, operation: Download, token: str, **values: str) -> httpx.Response:
        """Return the answer with a file, which the caller reads and closes. Raises what `ask` raises."""
        service = SERVICE_OF[operation.id]
        request = self._clients[service].build_request(operation.method, operation.at(**values), headers=_authority(token))
        answer = await self._sent(operation, request, stream=True)
        if answer.status_code == operation.status:
            return answer
        await answer.aread()
        await answer.aclose()
        raise _refusal(operation, service, answer)

    async def _send(
        self,
        operation: Operation,
        token: str | None,
        values: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json: Any = None,
        key: str | None = None,
    ) -> Json:
        service = SERVICE_OF[operation.id]
        headers = _authority(token)
        if key is not None:
            headers[IDEMPOTENCY_KEY] = key
        request = self._clients[service].build_request(
            operation.method, operation.at(**values), params=params, json=json, headers=headers
        )
        return _answer(operation, service, await self._sent(operation, request))

    async def _sent(self, operation: Operation, request: httpx.Request, stream: bool = False) -> httpx.Response:
        service = SERVICE_OF[operation.id]
        try:
            answer = await self._clients[service].send(request, stream=stream)
        except httpx.HTTPError as wrong:
            log.warning("%s: %s does not answer: %s", operation.id, service, type(wrong).__name__)
            self._on_outage(service)
            raise ServiceUnavailable(service) from None
        if _cannot(answer):
            self._on_outage(service)
        return answer

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()


def _authority(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _answer(operation: Operation, service: str, answer: httpx.Response) -> Json:
    if answer.status_code == operation.status:
        loaded: Json = operation.answer().load(answer.json(), unknown=EXCLUDE)
        return loaded
    raise _refusal(operation, service, answer)


def _refusal(operation: Operation, service: str, answer: httpx.Response) -> Exception:
    """Return the exception for an answer that is not the operation's own."""
    if _cannot(answer):
        log.warning("%s: %s answered %s", operation.id, service, answer.status_code)
        return ServiceUnavailable(service)
    problem = answer.json()
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return SessionRefused()
    errors = {error["field"]: error["detail"] for error in problem.get("errors", [])}
    return Refusal(HTTPStatus(answer.status_code), problem.get("detail") or problem.get("title", ""), errors)


def _cannot(answer: httpx.Response) -> bool:
    """Return whether a service answers that it cannot now; asking again helps."""
    return answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def all_or_missing(**asked: Awaitable[T]) -> tuple[dict[str, T], list[str]]:
    """Return the answers by name, and the services that did not answer: a page shows the rest.

    A refused part is left out: the person may not read it. Raises SessionRefused.
    """
    answers = await asyncio.gather(*asked.values(), return_exceptions=True)
    found: dict[str, T] = {}
    missing: list[str] = []
    for name, answer in zip(asked, answers, strict=True):
        if isinstance(answer, ServiceUnavailable):
            missing.append(answer.service)
        elif isinstance(answer, Refusal):
            continue
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[name] = answer
    return found, sorted(set(missing))
