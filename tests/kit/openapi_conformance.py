"""Checking the answers of the services against their OpenAPI documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from chassis.configuration.yaml_core import load_yaml
from tests.kit.deployment import ROOT

Node = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: Any


@cache
def document(service: str) -> Node:
    """Return a service's OpenAPI document."""
    loaded: Node = load_yaml((ROOT / f"contracts/openapi/{service}.yaml").read_text(encoding="utf-8"))
    return loaded


def check(service: str, method: str, path: str, reply: Reply) -> None:
    """Raise where an answer does not conform to the document. An unknown path or method must answer with a problem document."""
    described = _response(service, method, path, str(reply.status))
    headers = {name.lower(): value for name, value in reply.headers.items()}
    media_type = headers["content-type"].partition(";")[0]
    content = described["content"][media_type]
    for name, header in described.get("headers", {}).items():
        assert not header["required"] or name.lower() in headers, f"{reply.status} without {name}"
    if media_type != "text/xml":  # what is said in both is made of the same value
        fits(service, content["schema"], reply.body)
    if media_type == "application/problem+json":
        assert reply.body["status"] == reply.status


def fits(service: str, schema: Node, value: Any) -> None:
    """Raise where a value does not fit a schema of the document."""
    whole = {"allOf": [schema], "components": document(service)["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def _response(service: str, method: str, path: str, status: str) -> Node:
    known = document(service)
    methods = next((node for template, node in known["paths"].items() if _is(template, path)), None)
    operation = methods.get(method.lower()) if methods else None
    if methods is not None and operation is None and status == "405":
        return _resolved(known, known["components"]["responses"]["MethodNotAllowed"])
    if operation is None:
        assert status == "404", f"{method} {path} is not described and answers {status}"
        return _resolved(known, known["components"]["responses"]["InternalServerError"])
    assert status in operation["responses"], f"{method} {path} answers {status}, which is not described"
    return _resolved(known, operation["responses"][status])


def _is(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path.partition("?")[0]) is not None


def _resolved(known: Node, response: Node) -> Node:
    reference = response.get("$ref")
    found: Node = known["components"]["responses"][reference.rpartition("/")[2]] if reference else response
    return found
