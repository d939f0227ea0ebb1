"""Problem documents by RFC 9457. They never repeat a value that was sent, and reveal no internals."""

import json
import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from nameko.exceptions import ContainerBeingKilled
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from chassis.effects import Conflict, Refused, TooEarly
from chassis.handler_context import Missing
from chassis.persistence import StoreConflict, StoreUnavailable
from chassis.signed_links import LinkOver
from contracts.http.problem import MEDIA_TYPE

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 5


@dataclass
class Problem(Exception):
    """A problem to answer with. ``errors`` maps fields to their errors."""

    status: HTTPStatus
    detail: str
    errors: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the problem as `application/problem+json`."""
        body: dict[str, Any] = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status)}
        body["detail"] = self.detail
        if self.errors:
            body["errors"] = [{"field": name, "detail": what} for name, what in self.errors.items()]
        return json_response(self.status, body, MEDIA_TYPE, self.headers)


def json_response(
    status: HTTPStatus,
    body: Mapping[str, Any],
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that no cache may store: it is for this account alone."""
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, int(status), {"Cache-Control": "no-store", **(headers or {})}, content_type=kind)


def unavailable(detail: str) -> Problem:
    """Return a 503: the client shall ask again soon."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def problem_of(wrong: Exception, fields: Container[str] = ()) -> Problem:
    """Map an exception to the caller's Problem. An unforeseen one is a 500 without details; the log has the details.

    ``fields`` are the fields of the request's body: those of them that a refusal names are in ``errors``.
    """
    if isinstance(wrong, Problem):
        return wrong
    if isinstance(wrong, Missing):
        return Problem(HTTPStatus.NOT_FOUND, str(wrong))
    if isinstance(wrong, Conflict):
        return Problem(HTTPStatus.CONFLICT, str(wrong))
    if isinstance(wrong, LinkOver):
        return Problem(HTTPStatus.GONE, wrong.told, {"link": wrong.told})
    if isinstance(wrong, Refused | TooEarly):
        errors = {name: why for name, why in wrong.errors.items() if name.partition(".")[0] in fields}
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong), errors)
    if isinstance(wrong, HTTPException):
        return _problem_of_werkzeug(wrong)
    if isinstance(wrong, StoreUnavailable | StoreConflict):
        # the connection may have been lost after the commit: only a repeated request can tell
        return unavailable("the store is out of reach; ask again, a command with the same Idempotency-Key")
    if isinstance(wrong, ContainerBeingKilled):
        return unavailable("the service is stopping")
    log.error("unforeseen: %s", type(wrong).__name__, exc_info=wrong)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unforeseen; a command may be repeated with the same Idempotency-Key")


def _problem_of_werkzeug(wrong: HTTPException) -> Problem:
    status = HTTPStatus(wrong.code or 500)
    allowed = wrong.valid_methods if isinstance(wrong, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return Problem(status, wrong.description or status.phrase, headers=headers)
