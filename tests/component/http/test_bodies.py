"""What a body can be, and what a connection can do: each wrong one is a problem document and harms nobody."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.codes import Channel
from tests.component.http.client import PRIVATE, WHISTLE, ask, changed, key, read, recorded, whistle
from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import check
from tests.kit.processes import wait_until

WRONG: list[tuple[str, int, bytes, str | None]] = [
    ("empty", 400, b"", None),
    ("not json", 400, b"{", None),
    ("a word", 400, b"whistle", None),
    ("two documents", 400, b"{}{}", None),
    ("bad utf-8", 400, b'{"text": "\xff\xfe"}', None),
    ("utf-16", 400, json.dumps(WHISTLE).encode("utf-16"), None),
    ("a byte order mark", 400, b"\xef\xbb\xbf" + changed(), None),
    ("nan", 400, b'{"location": {"lat": NaN, "lon": 1, "system": "WGS-84"}}', None),
    ("infinity", 400, b'{"x": -Infinity}', None),
    ("a number of 5,000 digits", 400, b'{"x": ' + b"9" * 5000 + b"}", None),
    ("deep lists", 400, b"[" * 100_000, None),
    ("deep objects", 400, b'{"a":' * 40_000 + b"1" + b"}" * 40_000, None),
    ("deep in an unknown field", 400, b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", None),
    ("a list", 422, b"[]", None),
    ("null", 422, b"null", None),
    ("a string", 422, b'"x"', None),
    ("nothing", 422, b"{}", "category"),
    ("a number for text", 422, changed(text=1), "text"),
    ("null for an optional field", 422, changed(estate=None), "estate"),
    ("null for an optional part", 422, changed(location=None), "location"),
    ("null within a part", 422, changed(reporter={"name": None, "phone": "029-00001234"}), "reporter.name"),
    ("an object for an id", 422, changed(area={}), "area"),
    ("a list for a code", 422, changed(channel=["hotline"]), "channel"),
    ("an object for a code", 422, changed(channel={"a": 1}), "channel"),
    ("an unknown code", 422, changed(channel="pigeon"), "channel"),
    ("a word for a flag", 422, changed(dispute="yes"), "dispute"),
    ("a number for a flag", 422, changed(dispute=1), "dispute"),
    ("a word for a part", 422, changed(reporter="me"), "reporter._schema"),
    ("a list for a part", 422, changed(location=[]), "location._schema"),
    ("beyond the pole", 422, changed(location={"lat": 91, "lon": 0, "system": "WGS-84"}), "location.lat"),
    ("a flag for degrees", 422, changed(location={"lat": True, "lon": 0, "system": "WGS-84"}), "location.lat"),
    ("infinite degrees", 422, changed(location=0).replace(b'"location": 0', b'"location": {"lat": 1e999}'), "location.lat"),
    ("huge degrees", 422, changed(location={"lat": 10**400, "lon": 0, "system": "WGS-84"}), "location.lat"),
    ("a NUL in text", 422, changed(text="a\0b"), "text"),
    ("a NUL in an id", 422, changed(area="a\0b"), "area"),
    ("a lone surrogate", 422, changed(text="\ud800"), "text"),
    ("a lone surrogate in a name", 422, changed(reporter={"name": "\udfff"}), "reporter.name"),
    ("a line break in an id", 422, changed(category="noise\n"), "category"),
    *(
        (f"{what} as {who}'s telephone", 422, changed(**{who: {"phone": phone}}), f"{who}.phone")
        for who in ("reporter", "respondent")
        for what, phone in (
            ("spaces", "   "),
            ("two words", "a,b"),
            ("two addresses", "a@x,b@y"),
            ("two numbers", "13800000000，13900000000"),
        )
    ),
    ("text too long", 422, changed(text="x" * 4001), "text"),
    ("what has not yet occurred", 422, changed(occurred_at="2199-01-01T00:00:00+08:00"), "occurred_at"),
    ("what occurred nobody knows when", 422, changed(occurred_at="2020-03-02T09:00:00"), "occurred_at"),
    ("what occurred on a day", 422, changed(occurred_at="2020-03-02"), "occurred_at"),
    ("null where it is wanted", 422, changed(text=None), "text"),
    ("an unregistered category", 422, changed(category="flying"), "category"),
    ("an unregistered area", 422, changed(area="atlantis"), "area"),
    ("an unregistered estate", 422, changed(estate="atlantis"), "estate"),
    ("a field of nobody", 422, changed(urgancy="E0"), "urgancy"),
    ("a contact under another name", 422, changed(reportr={"name": "王阿姨", "phone": "029-00001234"}), "reportr"),
    ("a field of nobody in a part", 422, changed(reporter={"name": "王阿姨", "shoe": 41}), "reporter.shoe"),
    ("a telephone number for a name", 422, changed(**{"029-00001234": 1}), "?"),
]


@pytest.mark.parametrize(("status", "body", "field"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_body_is_a_problem(stack: Deployment, status: int, body: bytes, field: str | None) -> None:
    reply = ask(stack, "tickets", "POST", "/whistles", "hotline", body, key())
    assert reply.status == status, reply.body
    assert field is None or field in {error["field"] for error in reply.body["errors"]}, reply.body
    said = json.dumps(reply.body, ensure_ascii=False)
    assert not [word for word in PRIVATE if word in said], "a problem repeats what was sent"


EVERYTHING_WRONG: dict[str, Any] = {
    "category": "flying",
    "area": "atlantis",
    "estate": "atlantis",
    "channel": "pigeon",
    "location": {"lat": 91, "lon": 0, "system": "WGS-84", "height": 3},
    "reporter": {"phone": "029-00001234", "wechat": "wxid"},
    "urgancy": "E0",
}


def test_all_that_is_wrong_with_a_request_is_reported_at_once(stack: Deployment) -> None:
    """What the schema refuses, what it does not know, and what is not registered; without a single value."""
    reply = whistle(stack, key(), **EVERYTHING_WRONG)
    assert reply.status == 422
    assert {error["field"]: error["detail"] for error in reply.body["errors"]} == {
        "category": "Not registered.",
        "area": "Not registered.",
        "estate": "Not registered.",
        "channel": f"Must be one of: {', '.join(channel.value for channel in Channel)}.",
        "location.lat": "Must be greater than or equal to -90 and less than or equal to 90.",
        "location.height": "Unknown field.",
        "reporter.wechat": "Unknown field.",
        "urgancy": "Unknown field.",
    }
    said = json.dumps(reply.body, ensure_ascii=False)
    assert not [word for word in ("flying", "atlantis", "pigeon", "91", "wxid") if word in said]


def test_three_codes_that_are_not_registered_are_reported_at_once(stack: Deployment) -> None:
    reply = whistle(stack, key(), category="flying", area="atlantis", estate="atlantis")
    assert (reply.status, [error["field"] for error in reply.body["errors"]]) == (422, ["category", "area", "estate"])
    assert "atlantis" not in json.dumps(reply.body)


def test_a_rating_names_both_answers_that_it_lacks_and_what_else_is_wrong(stack: Deployment) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    path = f"/tickets/{ticket}/requests"
    reply = ask(stack, "tickets", "POST", path, "desk", {"request": "rate", "comment": 7}, key())
    assert {error["field"] for error in reply.body["errors"]} == {"resolved", "satisfied", "comment"}
    reply = ask(stack, "tickets", "POST", path, "desk", {"request": "rate"}, key())
    assert {error["field"] for error in reply.body["errors"]} == {"resolved", "satisfied"}


@pytest.mark.parametrize("sent", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "garbage"])
def test_a_body_says_that_it_is_json(stack: Deployment, sent: str | None) -> None:
    body = json.dumps(WHISTLE).encode()
    headers = {"Content-Type": sent} if sent else {}
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["tickets"][0], timeout=120)
    connection.request(
        "POST", "/whistles", body, {"Authorization": "Bearer token-of-hotline", "Idempotency-Key": key(), **headers}
    )
    reply = read(connection.getresponse())
    connection.close()
    check("tickets", "POST", "/whistles", reply)
    assert reply.status == 415


def test_a_charset_may_be_said(stack: Deployment) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", WHISTLE, key(), headers=headers).status == 202


def test_a_body_over_the_limit_is_refused_however_it_is_sent(stack: Deployment) -> None:
    large = changed(unknown="x" * 300_000)
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", large, key()).status == 413
    chunks = (large[start : start + 8192] for start in range(0, len(large), 8192))
    headers = {"Content-Type": "application/json"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", None, key(), chunks=chunks, headers=headers).status == 413


def test_a_body_without_an_end_is_not_read_for_ever(stack: Deployment) -> None:
    head = "POST /whistles HTTP/1.1\r\nAuthorization: Bearer token-of-hotline\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=60) as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            client.sendall(chunk * 1000)


def test_a_chunked_body_is_read(stack: Deployment) -> None:
    chunks = (bytes([byte]) for byte in changed())
    headers = {"Content-Type": "application/json"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", None, key(), chunks=chunks, headers=headers).status == 202


@pytest.mark.parametrize("bad", [None, "", " ", "a b", "x" * 129, "tab\tbed", "é"])
def test_a_command_wants_a_key(stack: Deployment, bad: str | None) -> None:
    reply = ask(stack, "tickets", "POST", "/whistles", "hotline", WHISTLE, bad)
    assert reply.status == 400
    assert [error["field"] for error in reply.body["errors"]] == ["Idempotency-Key"]


def test_the_longest_key_and_account_still_make_a_readable_event(stack: Deployment) -> None:
    """The key is in `ce-causationid`, of which every consumer reads 255 characters."""
    ticket = whistle(stack, "k" * 128).body["ticket"]
    wait_until(lambda: "case.started.v1" in recorded(stack, ticket), "dispatch took it up")


def test_garbage_on_the_socket_ends_a_connection_and_no_service(stack: Deployment) -> None:
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /whistles HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /whistles HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /whistles HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /whistles HTTP/1.1\r\nContent-Length: 100\r\nAuthorization: Bearer token-of-hotline\r\n"
        b"Content-Type: application/json\r\nIdempotency-Key: gone\r\n\r\n{",
        b"GET /tickets/T1 HTTP/1.1\r\nHost: \xff\xfe:0:1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=30) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            answer = b"".join(iter(lambda c=client: _received(c), b""))
        assert not answer.startswith(b"HTTP/1.1 500"), (garbage[:60], answer)
    assert ask(stack, "tickets", "GET", "/tickets/T-NOBODY", "desk").status == 404
    assert stack.process_of("tickets").alive


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_client_that_resets_in_the_middle_harms_nobody(stack: Deployment) -> None:
    for _ in range(20):
        client = socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=30)
        client.sendall(b"GET /tickets/T1 HTTP/1.1\r\nAuthorization: Bearer token-of-desk\r\n\r\n" * 5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    assert ask(stack, "tickets", "GET", "/tickets/T-NOBODY", "desk").status == 404


@pytest.mark.filterwarnings("ignore:\\s*Eventlet is deprecated")
def test_an_error_of_a_connection_ends_that_connection_alone() -> None:
    """nameko lets it pass, and its container then kills the service: a peer that is no longer reachable is enough."""
    from chassis.http.server import Server

    def unreachable(_state: Any) -> None:
        raise OSError(errno.EHOSTUNREACH, "no route to host")

    server, (ours, theirs) = Server(), socket.socketpair()
    server._serv = SimpleNamespace(process_request=unreachable)
    with theirs:
        server.process_request(ours, None)
        assert theirs.recv(1) == b""
