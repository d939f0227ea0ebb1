"""A client of GeoReport: asks in either format, and holds the answer against the service's OpenAPI document."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import Reply, check
from tests.kit.xml_json import as_text, xml_to_json

V2 = "/open311/v2"
KEY = "token-of-hotline"
FORM = {
    "service_code": "leak",
    "lat": "34.262",
    "long": "108.902",
    "address_string": "阳光家园3号楼2单元",
    "first_name": "秀英",
    "last_name": "王",
    "phone": "029-00001234",
    "email": "wang@example.org",
    "description": "楼上漏水，从半夜开始",
}
PRIVATE = ("半夜", "3号楼", "秀英", "029-00001234", "wang@example.org", "34.262,", "108.902,", "34.262<", "108.902<")


def ask(
    stack: Deployment,
    path: str,
    body: bytes | None = None,
    method: str = "",
    described: bool = True,
    peer: str = "127.0.0.1",
    **headers: str,
) -> Reply:
    """One request as it is; XML is read as the JSON that it stands for."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"} if body is not None else {}
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["tickets"][0], timeout=20, source_address=(peer, 0))
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, {**kind, **headers})
        answer = connection.getresponse()
        raw, told = answer.read(), dict(answer.headers)
    finally:
        connection.close()
    if told["Content-Type"] == "text/xml; charset=utf-8":
        assert raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
        reply = Reply(answer.status, told, xml_to_json(raw))
    else:
        assert told["Content-Type"] == "application/json; charset=utf-8"
        reply = Reply(answer.status, told, json.loads(raw))
    if described:
        check("tickets", method or ("GET" if body is None else "POST"), path, reply)
    return reply


def get(stack: Deployment, resource: str, form: str = "json", **arguments: str) -> Reply:
    """GET; an account's key is an argument like any other."""
    query = f"?{urlencode(arguments)}" if arguments else ""
    return ask(stack, f"{V2}/{resource}.{form}{query}")


def post(stack: Deployment, form: str = "json", headers: dict[str, str] | None = None, **changes: str | None) -> Reply:
    """POST of a request with a key; None leaves a field out."""
    sent = {name: value for name, value in {"api_key": KEY, **FORM, **changes}.items() if value is not None}
    return ask(stack, f"{V2}/requests.{form}", urlencode(sent).encode(), **(headers or {}))


def requested(stack: Deployment, **changes: str | None) -> str:
    """Post a request; answers its id."""
    taken = post(stack, **changes)
    assert taken.status == 200, taken
    return str(taken.body[0]["service_request_id"])


def in_both(stack: Deployment, resource: str, **arguments: str) -> Any:
    """What JSON says, when XML says the same; asked again where the matter moved on between the two."""
    said = get(stack, resource, **arguments)
    for _ in range(20):
        xml, before, said = get(stack, resource, "xml", **arguments), said, get(stack, resource, **arguments)
        if before.body == said.body:
            assert (said.status, as_text(said.body)) == (xml.status, xml.body)
            return said.body
    raise AssertionError(f"{resource} never stands still")
