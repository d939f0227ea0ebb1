"""Parsing the arguments, forms and keys of GeoReport clients. Wrong input becomes an error of the standard."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl
from uuid import uuid4

from marshmallow import Schema
from werkzeug.wrappers import Request

from chassis.configuration.identities import Actor, Identities
from chassis.handler_context import Missing
from chassis.http import Problem
from chassis.http.request import account_of, bearer_token, command_key, permitted, raw_body
from chassis.size_limits import MAX_BODY_BYTES
from contracts.http.open311 import GeoReport, Key
from contracts.http.open311.schemas import FORM, FORMATS, Commas
from contracts.http.operation import IDEMPOTENCY_KEY, PathValues

Arguments = Mapping[str, list[str]]
MAX_ARGUMENTS = 1000
_DATES = ("start_date", "end_date")
_ATTRIBUTE = re.compile(r"attribute\[([^\]]*)\](?:\[\])?")


def arguments(request: Request) -> Arguments:
    """Return the arguments of the query string. Raises Problem 400."""
    return _parsed(request.query_string)


def form(request: Request, limit: int = MAX_BODY_BYTES) -> Arguments:
    """Return the body as a form, smaller than ``limit`` bytes. Raises Problem 400 or 415, RequestEntityTooLarge."""
    if request.mimetype != FORM:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body wants Content-Type: {FORM}")
    return _parsed(raw_body(request, limit))


def single_values(given: Arguments, schema: type[Schema]) -> dict[str, str]:
    """Return the values that the schema knows; a list may come several times. Raises Problem 400 for any other repetition."""
    known = schema().fields
    wanted = {name: values for name, values in given.items() if name in known}
    twice = {name: "Only once." for name, values in wanted.items() if len(values) > 1 and not isinstance(known[name], Commas)}
    if twice:
        raise Problem(HTTPStatus.BAD_REQUEST, "the arguments are wrong", twice)
    return {name: _mended_date(name, ",".join(values)) for name, values in wanted.items()}


def attributes(form: Arguments) -> dict[str, list[str]]:
    """Return the values of `attribute[code]` and `attribute[code][]`, by code."""
    return {found[1]: values for name, values in form.items() if (found := _ATTRIBUTE.fullmatch(name))}


def path_values(request: Request) -> dict[str, str]:
    """Return the ids in the path. Raises Missing for a text that can be no id, and for an unknown format."""
    values: dict[str, str] = dict(request.path_values)  # type: ignore[attr-defined]
    if values.pop("format") not in FORMATS:
        raise Missing("format: json and xml are answered")
    for name, value in values.items():
        if PathValues().validate({"value": value}):
            raise Missing(f"{name}: not an id")
    return values


def caller(request: Request, identities: Identities, operation: GeoReport, *given: Arguments) -> Actor | None:
    """Return the account of the bearer token or api_key; None without a key where none is needed. Raises Problem 401 or 403."""
    keys = [key for one in given for key in one.get("api_key", [])]
    token = bearer_token(request) or (keys[0] if keys else None)
    if operation.key is Key.NEVER or (operation.key is Key.OPTIONAL and token is None):
        return None
    if token is None:
        raise Problem(HTTPStatus.FORBIDDEN, "api_key: missing")
    try:
        actor = account_of(token, identities)
    except Problem:
        raise Problem(HTTPStatus.FORBIDDEN, "api_key: belongs to no account") from None
    return permitted(actor, operation.role) if operation.key is Key.REQUIRED else actor


def has_key(request: Request, given: Arguments) -> bool:
    """Return whether the request names its account before its body does."""
    return bearer_token(request) is not None or "api_key" in given


def key_of(request: Request) -> str:
    """Return the command's id: the Idempotency-Key, or a new id for each request. Raises Problem 400."""
    return command_key(request) if IDEMPOTENCY_KEY in request.headers else f"open311-{uuid4()}"


def _parsed(raw: bytes) -> Arguments:
    """Return the values by name; a name without a value is left out, as the standard demands."""
    try:
        pairs = parse_qsl(raw.decode(), errors="strict", max_num_fields=MAX_ARGUMENTS)
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "the arguments are not UTF-8, or too many") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _mended_date(name: str, value: str) -> str:
    """Restore a date's plus sign, which clients forget to escape and which arrives as a space."""
    return re.sub(r" (\d\d:?\d\d)$", r"+\1", value) if name in _DATES else value
