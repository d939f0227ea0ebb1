"""HTTP entrypoints: who asks, what the body is, one transaction, and problems by RFC 9457.

A command is the same thing over HTTP as over AMQP: it has an actor, a body with a schema, an id that makes a repeat harmless,
and it commits state, outbox and timers in one transaction before the answer leaves.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError
from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import WebServer
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from chassis.identity import Actor
from chassis.inbox import insert_ignoring
from chassis.nameko import RUNTIME_KEY, call
from chassis.outcome import Refused, TooEarly
from chassis.runtime import Runtime
from chassis.store import StoreConflict, StoreUnavailable, machine_now
from chassis.store.tables import APPLIED
from chassis.work import Missing, UnitOfWork, Work
from contracts.envelope import flatten

log = logging.getLogger(__name__)
MAX_BODY = 256 * 1024
HANDLER = "http"
RETRY_AFTER_SECONDS = 5


@dataclass
class Problem(Exception):
    """An answer by RFC 9457. ``errors`` maps fields to what is wrong with them."""

    status: HTTPStatus
    detail: str
    errors: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As `application/problem+json`."""
        body: dict[str, Any] = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status)}
        body["detail"] = self.detail
        if self.errors:
            body["errors"] = [{"field": name, "detail": what} for name, what in self.errors.items()]
        return _json(self.status, body, "application/problem+json", self.headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers."""

    status: HTTPStatus
    body: Mapping[str, Any]


class Server(WebServer):
    """nameko's web server on the service's own address."""

    @property
    def bind_addr(self) -> Any:
        host, _, port = self.container.config[RUNTIME_KEY].settings.http.rpartition(":")
        return host, int(port)

    def get_wsgi_app(self) -> Callable[..., Any]:
        app = super().get_wsgi_app()

        def with_problems(environ: Any, start_response: Any) -> Any:
            """werkzeug's own 404 and 405 come as HTML; here every error is a problem document."""
            try:
                app.url_map.bind_to_environ(environ).match()
            except HTTPException as refused:
                status = HTTPStatus(refused.code or 500)
                return Problem(status, refused.description or status.phrase).response()(environ, start_response)
            return app(environ, start_response)

        return with_problems


class _Api(HttpRequestHandler):
    """An authenticated JSON resource."""

    server = Server()

    def __init__(self, method: str, url: str, role: str, schema: type[Schema] | None = None, **kwargs: Any):
        super().__init__(method, url, **kwargs)
        self.role, self.schema = role, schema

    @property
    def runtime(self) -> Runtime:
        """The service's runtime."""
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        return runtime

    def get_entrypoint_parameters(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (request,), {}

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """The service's method gets what this entrypoint makes of the request, not the request."""

    def response_from_result(self, result: Answer) -> Response:
        return _json(result.status, result.body)

    def response_from_exception(self, exc: Exception) -> Response:
        return problem_of(exc).response()

    def actor(self, request: Request) -> Actor:
        """Who asks. Raises Problem 401 or 403."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        actor = self.runtime.identities.by_token(token.strip()) if scheme.lower() == "bearer" else None
        if actor is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "a bearer token of the identities file is needed",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if self.role not in actor.roles:
            raise Problem(HTTPStatus.FORBIDDEN, f"account {actor.id!r} lacks the role {self.role!r}")
        return actor


class Query(_Api):
    """Reads. The method gets a connection and the path's values; it answers a dictionary or None for 404."""

    def handle_request(self, request: Request) -> Response:
        try:
            self.actor(request)
            with self.runtime.store.transaction() as connection:
                values = request.path_values  # type: ignore[attr-defined]
                answer = call(self, connection, **values)
            if answer is None:
                raise Missing("nothing of that name here")
            return self.response_from_result(Answer(HTTPStatus.OK, answer))
        except Exception as wrong:
            return self.response_from_exception(wrong)


class CommandApi(_Api):
    """Changes. The method gets the checked body, the unit of work and the path's values; it answers an `Answer`.

    ``Idempotency-Key`` names the command: the same key and body get the same answer, another body is a conflict (409).
    """

    def handle_request(self, request: Request) -> Response:
        try:
            request.shallow = False
            actor = self.actor(request)
            raw = _body(request)
            body = self._checked(raw)
            key = request.headers.get("Idempotency-Key", "")
            if not 1 <= len(key) <= 200 or not key.isprintable():
                raise Problem(
                    HTTPStatus.BAD_REQUEST,
                    "header missing or bad",
                    {"Idempotency-Key": "1 to 200 printable characters"},
                )
            values = request.path_values  # type: ignore[attr-defined]
            return self.response_from_result(self._once(actor, key, raw, body, values))
        except Exception as wrong:
            return self.response_from_exception(wrong)

    def _checked(self, raw: bytes) -> dict[str, Any]:
        try:
            loaded = json.loads(raw)
        except ValueError:
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
        assert self.schema is not None
        try:
            checked: dict[str, Any] = self.schema(unknown=EXCLUDE).load(loaded)
        except ValidationError as wrong:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields are wrong", flatten(wrong.messages)) from None
        return checked

    def _once(self, actor: Actor, key: str, raw: bytes, body: dict[str, Any], values: Mapping[str, str]) -> Answer:
        for _ in range(2):
            try:
                return self._run(actor, key, raw, body, values)
            except StoreConflict:
                continue
        return self._run(actor, key, raw, body, values)

    def _run(self, actor: Actor, key: str, raw: bytes, body: dict[str, Any], values: Mapping[str, str]) -> Answer:
        runtime = self.runtime
        table = runtime.store.tables.inbox
        digest = hashlib.sha256(f"{self.method} {self.url} {sorted(values.items())}".encode() + raw).hexdigest()
        who = f"account:{actor.id}"
        row = {
            "handler": HANDLER,
            "source": who,
            "event_id": key,
            "state": APPLIED,
            "type": f"{self.method} {self.url}",
            "subject": "",
            "digest": digest,
            "received_at": machine_now(),
            "attempts": 1,
        }
        mine = (table.c.handler == HANDLER, table.c.source == who, table.c.event_id == key)
        with runtime.store.transaction() as connection:
            insert = insert_ignoring(connection)(table).values(**row).on_conflict_do_nothing()
            if connection.execute(insert.returning(table.c.event_id)).first() is None:
                first = connection.execute(select(table.c.digest, table.c.answer).where(*mine)).one()
                if first.digest != digest:
                    raise Problem(HTTPStatus.CONFLICT, "this Idempotency-Key was used before with another body")
                return Answer(HTTPStatus(first.answer["status"]), first.answer["body"])
            unit = UnitOfWork(runtime.store, connection, runtime.definition.source)
            work = Work(unit=unit, now=runtime.clock.now(), correlation="", causation=f"{who}/{key}", actor=actor)
            answer: Answer = call(self, body, work, key=key, **values)
            unit.flush()
            kept = {"status": int(answer.status), "body": dict(answer.body)}
            connection.execute(table.update().where(*mine).values(answer=kept))
        return answer


def problem_of(wrong: Exception) -> Problem:
    """What an exception means to whoever asked. Anything unforeseen is a 500 without details; the log has them."""
    if isinstance(wrong, Problem):
        return wrong
    if isinstance(wrong, Missing):
        return Problem(HTTPStatus.NOT_FOUND, str(wrong))
    if isinstance(wrong, Refused | TooEarly):
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong))
    if isinstance(wrong, HTTPException):
        return Problem(HTTPStatus(wrong.code or 500), wrong.description or "")
    if isinstance(wrong, StoreUnavailable | StoreConflict):
        again = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the store is unavailable; nothing was accepted", headers=again)
    log.error("unforeseen: %s", type(wrong).__name__, exc_info=wrong)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unforeseen; nothing was accepted")


def _body(request: Request) -> bytes:
    request.max_content_length = MAX_BODY
    return request.get_data(cache=False)


def _json(
    status: HTTPStatus,
    body: Mapping[str, Any],
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    text = json.dumps(body, ensure_ascii=False, default=str)
    return Response(text, status=int(status), content_type=kind, headers=dict(headers or {}))


query: Callable[..., Any] = Query.decorator
command: Callable[..., Any] = CommandApi.decorator
