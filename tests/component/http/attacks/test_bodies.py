"""Every command of every service gets every bad body there is; right behind each a good command takes effect.

What `tests/component/http/test_bodies.py` says of the fields of a whistle is not said again.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from marshmallow import ValidationError, fields

from contracts.http import BY_SERVICE, Operation
from contracts.http.open311 import GeoReport
from tests.component.http.client import ask, key, notices, whistle
from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import Reply
from tests.kit.processes import wait_until

DOORS = [
    (service, operation)
    for service, operations in BY_SERVICE.items()
    for operation in operations
    if operation.body and not isinstance(operation, GeoReport)  # its bodies are forms: see test_open311_refusals.py
]
each_door = pytest.mark.parametrize(("service", "door"), DOORS, ids=[door.id for _, door in DOORS])
pytestmark = pytest.mark.parametrize("stack", ["embedded"], indirect=True)

ACCOUNTS = {"producer": "hotline", "responder": "responders", "gateway": "gateway", "desk": "desk"}

ATTACKS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    # what is it not?               the answer, the body, the headers
    "JSON": (400, b'{"a":', {}),
    "JSON with a comma too many": (400, b'{"a": 1,}', {}),
    "JSON with single quotes": (400, b"{'a': 1}", {}),
    "JSON with a comment": (400, b'{"a": 1} // so', {}),
    "one document": (400, b"{}{}", {}),
    "UTF-8": (400, b'{"a": "\xff"}', {}),
    "UTF-8 but UTF-16": (400, "{}".encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}),
    "UTF-8 but GB 18030": (400, '{"a": "吵"}'.encode("gb18030"), {"Content-Type": "application/json; charset=gb18030"}),
    "a number": (400, b'{"a": NaN}', {}),
    "a finite number": (400, b'{"a": -Infinity}', {}),
    "a short number": (400, b'{"a": ' + b"9" * 5000 + b"}", {}),
    "in doubt: a name twice": (400, b'{"unit": "a", "unit": "b"}', {}),
    "in doubt: a name twice, within": (400, b'{"x": [{"unit": "a", "unit": "b"}]}', {}),
    "shallow": (400, b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", {}),
    "shallow at all": (400, b'{"a": ' + b"[" * 945 + b"]" * 945 + b"}", {}),
    "small": (413, b'{"a": "' + b"x" * 300_000 + b'"}', {}),
    "small at all": (413, b'{"a": "' + b"x" * 10_000_000 + b'"}', {}),
    "an object": (422, b"[{}]", {}),
    "an object but a text": (422, b'"{}"', {}),
    "plain": (415, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
    "plain, as it says": (415, b"{}", {"Content-Encoding": "br"}),
    "said to be JSON": (415, b"{}", {"Content-Type": "text/json"}),
    "said to be one thing": (415, b"{}", {"Content-Type": "multipart/form-data; boundary=x"}),
    "said to be anything": (415, b"{}", {"Content-Type": "\xff\xfe"}),
    "named by a key": (400, b"{}", {"Idempotency-Key": "x" * 129}),
    "named by a key in ASCII": (400, b"{}", {"Idempotency-Key": "\xe9"}),
}


@each_door
def test_a_bad_body_is_a_problem_and_the_good_one_behind_it_takes_effect(
    stack: Deployment, service: str, door: Operation
) -> None:
    for what, (status, body, headers) in ATTACKS.items():
        reply = give(stack, service, door, body, **headers)
        assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), (what, reply)
        if "a name twice" in what:
            assert reply.body["errors"] == [{"field": "unit", "detail": "Only once."}]
    assert door.body is not None
    wanted = {name for name, field in door.body_schema().fields.items() if field.required}
    for body, unknown in ((b'{"not_in_any_contract": 1e999}', {"not_in_any_contract"}), (b"{}", set[str]())):
        named = {error["field"] for error in give(stack, service, door, body).body.get("errors", [])}
        assert named == wanted | unknown
    assert whistle(stack, key()).status == 202


@each_door
def test_a_field_that_the_contract_does_not_have_is_refused_by_its_name(
    stack: Deployment, service: str, door: Operation
) -> None:
    """At every depth; what cannot be a field's name is not repeated."""
    assert door.body is not None
    good = right(stack, door, whistle(stack, key()).body["ticket"])
    parts = {name: {"reportr": {}} for name, field in door.body_schema().fields.items() if isinstance(field, fields.Nested)}
    wrong = {**good, **parts, "urgancy": "E0", "a\u202e": 1}
    reply = give(stack, service, door, json.dumps(wrong).encode())
    named = {error["field"] for error in reply.body["errors"] if error["detail"] == "Unknown field."}
    assert (reply.status, named) == (422, {"urgancy", "?", *(f"{name}.reportr" for name in parts)})


@each_door
def test_a_field_of_another_type_is_named(stack: Deployment, service: str, door: Operation) -> None:
    assert door.body is not None
    for name, field in door.body_schema().fields.items():
        for wrong in ([], {}, 7, True, "\0", "\ud800", "x" * 4001):
            reply = give(stack, service, door, json.dumps({name: wrong}).encode())
            named = {error["field"].partition(".")[0] for error in reply.body.get("errors", [])}
            assert reply.status == 422
            assert name in named or _fits(field, wrong) or reply.body["detail"] == "link: not signed by us", (
                name,
                wrong,
                reply,
            )


def _fits(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


@each_door
def test_a_key_is_one_body(stack: Deployment, service: str, door: Operation) -> None:
    """Of a command that had its effect; what was refused left its key unused."""
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    assert door.body is not None
    body = right(stack, door, ticket)
    changed = OTHERWISE.get(door.id, {})
    mine, good, more = {"Idempotency-Key": key()}, json.dumps(body).encode(), json.dumps({**body, **changed}).encode()
    first = give(stack, service, door, good, ticket, **mine)
    other = give(stack, service, door, more, ticket, **mine)
    again = give(stack, service, door, good, ticket, **mine)
    if first.status == 202:
        assert other.status == 409 or not changed
        assert (again.status, again.body) == (202, first.body)
    else:
        assert [first.status, other.status, again.status] == [422] * 3, "the rules forbid it, as the ticket stands"


OTHERWISE: dict[str, dict[str, Any]] = {
    "blowWhistle": {"text": "换了一件事"},
    "fileReport": {"note": "换了一句话"},
    "makeRequest": {"comment": "换了一句话"},
    "askAsParty": {"comment": "换了一句话"},
    "giveReceipt": {"outcome": "rejected"},
    "mergeTicket": {"into": "T-ANOTHER"},
    "parkTicket": {"reason": "awaits_weather"},
    "rejectTicket": {"reason": "not_ours"},
    "raiseUrgency": {"urgency": "E0"},
    "addNote": {"text": "换了一句话"},
    "correctContact": {"name": "换了一个人"},
    "changeCategory": {"reason": "换了一句话"},
    "splitTicket": {"text": "换了一句话"},
}
"""How the body of a command without optional fields is another one. That of `resumeTicket` is always empty."""


def right(stack: Deployment, door: Operation, ticket: str) -> dict[str, Any]:
    """A body that the door takes, or that the rules alone refuse."""
    if door.id == "giveReceipt":
        wait_until(lambda: bool(notices(stack, ticket)), "a notice")
        return {"key": notices(stack, ticket)[0]["id"], "outcome": "delivered"}
    if door.id == "mergeTicket":
        return {"into": whistle(stack, key()).body["ticket"]}
    if door.id == "parkTicket":
        return {"reason": "awaits_budget", "review_at": "2199-01-01T00:00:00+08:00"}
    if door.id == "splitTicket":
        return {"text": "楼道灯也坏了"}
    if door.id == "fileReport":
        return {"ticket": ticket, "unit": "yangguang-property", "command": "sign"}
    known = {"area": "shanqi-1", "estate": "yangguang", "category": "noise"} if door.id == "blowWhistle" else {}
    return {**({"channel": "hotline", "text": "يول"} if door.asked is None else door.asked), **known}


def give(stack: Deployment, service: str, door: Operation, body: bytes, ticket: str = "T-NOBODY", **headers: str) -> Reply:
    """One command, as the account that may give it."""
    path = door.at(**dict.fromkeys(door.placeholders(), ticket))
    return ask(stack, service, door.method, path, ACCOUNTS[door.role], body, key(), headers=headers)
