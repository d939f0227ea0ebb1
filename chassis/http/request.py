"""Parsing of requests: no content of a request can cause more than a problem document."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from chassis import strict_json
from chassis.configuration.identities import Actor, Identities
from chassis.handler_context import Missing
from chassis.http.problem import Problem
from chassis.messaging.external_events import is_ticket
from chassis.observability import logs
from chassis.size_limits import MAX_BODY_BYTES
from contracts.http.operation import IDEMPOTENCY_KEY, KEY_PATTERN, Operation, PathValues
from contracts.payload import flatten


def sender_of(request: Request, identities: Identities, operation: Operation, body: Any) -> Actor | str:
    """Return the account of the request or, if the operation allows it, the link of a sender without an account.

    The link is not checked here: only the service that signed it knows its purpose, and refuses it. Raises Problem 401 or 403.
    """
    if operation.by_link and "Authorization" not in request.headers and isinstance(body, Mapping):
        link = body.get("link")
        if isinstance(link, str) and link:
            return link
    return actor_of(request, identities, operation.role)


def uploader_of(request: Request, identities: Identities, operation: Operation, link: str | None) -> Actor | str:
    """Return the account of an upload, which has the role or the ``own_role`` of the operation; or the link of a sender without
    one, which only the service can check. Raises Problem 401 or 403."""
    if operation.by_link and "Authorization" not in request.headers and link:
        return link
    actor = account_of(bearer_token(request), identities)
    return actor if operation.own_role in actor.roles else permitted(actor, operation.role)


def actor_of(request: Request, identities: Identities, role: str) -> Actor:
    """Return the account of the request. Raises Problem 401 or 403."""
    return permitted(account_of(bearer_token(request), identities), role)


def owner_of(request: Request, identities: Identities, operation: Operation) -> Actor | None:
    """Return the account to whose own data a query is limited, since it has only the ``own_role``; None if there is no limit.

    Raises Problem 401 or 403.
    """
    actor = account_of(bearer_token(request), identities)
    if operation.own_role in actor.roles and operation.role not in actor.roles:
        return actor
    permitted(actor, operation.role)
    return None


def bearer_token(request: Request) -> str | None:
    """Return the bearer token of the request, unverified."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def account_of(token: str | None, identities: Identities) -> Actor:
    """Return the account of a token. Raises Problem 401."""
    actor = identities.by_token(token) if token is not None else None
    if actor is None:
        needed = "a bearer token of the identities file is needed"
        raise Problem(HTTPStatus.UNAUTHORIZED, needed, headers={"WWW-Authenticate": "Bearer"})
    logs.add(account=actor.id)
    return actor


def permitted(actor: Actor, role: str) -> Actor:
    """Return the account if it has the role. Raises Problem 403."""
    if role not in actor.roles:
        raise Problem(HTTPStatus.FORBIDDEN, f"account {actor.id!r} lacks the role {role!r}")
    return actor


def path_values(request: Request) -> dict[str, str]:
    """Return the ids in the path. Raises Missing for a text that cannot be an id and may not even be sent to a database."""
    values: dict[str, str] = request.path_values  # type: ignore[attr-defined]
    for name, value in values.items():
        if PathValues().validate({"value": value}):
            raise Missing(f"{name}: not an id")
        if is_ticket(value):  # anything else may be the sender's text
            logs.correlate(value)
    return values


def command_key(request: Request) -> str:
    """Return the command's idempotency key. Raises Problem 400."""
    key = request.headers.get(IDEMPOTENCY_KEY, "")
    if not re.fullmatch(KEY_PATTERN, key):
        wanted = {IDEMPOTENCY_KEY: "wanted: 1 to 128 visible ASCII characters"}
        raise Problem(HTTPStatus.BAD_REQUEST, "header missing or bad", wanted)
    return key


def json_body(request: Request, limit: int = MAX_BODY_BYTES) -> Any:
    """Return the body as JSON. Raises Problem 400 or 415, RequestEntityTooLarge, ClientDisconnected."""
    if request.mimetype != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body wants Content-Type: application/json")
    try:
        return strict_json.read(raw_body(request, limit))
    except strict_json.NotJson as wrong:
        errors = {wrong.name: "Only once."} if wrong.name else {}
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is refused: {wrong}", errors) from None


Check = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""Returns further errors, by field, of the fields that the schema accepts."""


def checked(body: Any, schema: type[Schema], check: Check | None = None) -> dict[str, Any]:
    """Load a command's body by its schema, which refuses unknown fields at every depth.

    Null is refused: what has no value is left out. The same fields of an event may be null.

    Raises Problem 422 naming each bad field; where the schema refuses, with those that ``check`` finds among the others.
    """
    if not isinstance(body, Mapping):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is not a JSON object")
    try:
        loaded: dict[str, Any] = _without_null(schema(unknown=RAISE)).load(body)
    except ValidationError as wrong:
        errors = flatten(wrong.messages, spell=_spell)
        accepted = wrong.valid_data if isinstance(wrong.valid_data, Mapping) else {}
        more = check(accepted) if check else {}
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields are wrong", {**more, **errors}) from None
    return loaded


def _without_null(schema: Schema) -> Schema:
    for declared in schema.fields.values():
        declared.allow_none = False
        inner = declared.inner if isinstance(declared, fields.List) else declared
        if isinstance(inner, fields.Nested):
            _without_null(inner.schema)
    return schema


def searched(request: Request, schema: type[Schema]) -> dict[str, Any]:
    """Return the query parameters. Raises Problem 422 naming each bad name, and each that occurs twice."""
    twice = {name: "Only once." for name, values in request.args.lists() if len(values) > 1}
    if twice:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the search is wrong", twice)
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(request.args.to_dict())
    except ValidationError as wrong:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the search is wrong", flatten(wrong.messages, spell=_spell)) from None
    return loaded


def _spell(name: str) -> str:
    """Return the name of a field for its sender, or "?": a name that no contract could have is the sender's text, perhaps
    private."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,39}|[0-9]{1,4}", name) else "?"


def raw_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the body, shorter than ``limit`` bytes. Raises Problem 415, RequestEntityTooLarge, ClientDisconnected."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body may not be compressed: no Content-Encoding is read")
    request.shallow = False
    request.max_content_length = limit
    raw = request.get_data(cache=False)
    if len(raw) >= limit:  # werkzeug reads a chunked body up to the limit and drops the rest
        raise RequestEntityTooLarge
    return raw
