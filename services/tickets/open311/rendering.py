"""Rendering an answer as JSON or XML. Both are made of the same value, and so say the same."""

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree

from werkzeug.wrappers import Response

from chassis.http import Problem
from contracts.http.open311.schemas import FORMATS, LISTS

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that an XML 1.0 document cannot hold, not even escaped."""
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
"""Headers that let pages of any origin ask: the key comes in the request, and no cookie of the browser counts."""
PREFLIGHT_SECONDS = 3600
_STANDS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


def format_of(path: str) -> str:
    """Return the format that a path asks for; XML, the required one, for an unknown or absent format."""
    asked = path.rpartition(".")[2]
    return asked if asked in FORMATS else "xml"


def answer(status: int, root: str, value: Any, form: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the value as a response that no cache keeps."""
    body = as_xml(root, value) if form == "xml" else json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    kept = {"Cache-Control": "no-store", **CORS, **(headers or {})}
    return Response(body, status, kept, content_type=f"{FORMATS[form]}; charset=utf-8")


def error_response(problem: Problem, form: str) -> Response:
    """Return an error response of the standard: 404 for a missing thing, 403 for a wrong key, 400 for any other error of the
    client.

    The code in the body is the status that says it more exactly. What is ours, an outage, stays what it is.
    """
    code = problem.status
    status = code if code in _STANDS or code >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.BAD_REQUEST
    said = [f"{field}: {detail}" for field, detail in problem.errors.items()] or [problem.detail]
    headers = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
    return answer(int(status), "errors", [{"code": int(code), "description": one} for one in said], form, headers)


def preflight(methods: Collection[str]) -> Response:
    """Return the answer to a browser's CORS preflight request."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    return Response(
        status=HTTPStatus.NO_CONTENT,
        headers={
            **CORS,
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        },
    )


def as_xml(root: str, value: Any) -> bytes:
    """Return the value as an XML document in UTF-8; a character that XML cannot hold becomes U+FFFD."""
    document: bytes = ElementTree.tostring(_element(root, value), encoding="UTF-8", xml_declaration=True)
    return document


def _element(name: str, value: Any) -> ElementTree.Element:
    made = ElementTree.Element(name)
    if isinstance(value, Mapping):
        made.extend(_element(key, part) for key, part in value.items())
    elif isinstance(value, list):
        made.extend(_element(LISTS[name], part) for part in value)
    elif isinstance(value, bool):
        made.text = str(value).lower()
    elif value is not None:
        made.text = _NO_XML.sub("\ufffd", str(value))
    return made
