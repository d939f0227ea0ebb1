"""What a connection can bring before any entrypoint sees it: one answer, a problem document, and the connection's end.

Where two readers could see two requests, the second one here would be a whistle that nobody may blow: there must be one answer.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

import pytest

from chassis.http.protocol import HEAD_DEADLINE
from contracts.http import BY_SERVICE, Operation
from contracts.http.open311 import GeoReport
from tests.component.http.client import WHISTLE, ask, key
from tests.kit.deployment import PROXY, Deployment
from tests.kit.processes import wait_until

pytestmark = pytest.mark.parametrize("stack", ["embedded"], indirect=True)

WHO = "Host: x\r\nAuthorization: Bearer token-of-hotline\r\n"
GET = f"GET /tickets HTTP/1.1\r\n{WHO}"
POST = f"POST /whistles HTTP/1.1\r\n{WHO}Content-Type: application/json\r\nIdempotency-Key: smuggled\r\n"
CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n"
SECOND = f"GET /tickets/T-SMUGGLED HTTP/1.1\r\n{WHO}\r\n"

REFUSED: dict[str, tuple[int, str]] = {
    # where does the body end?
    "two lengths": (400, f"{POST}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{{}}{SECOND}"),
    "two equal lengths": (400, f"{POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}{SECOND}"),
    "a list of lengths": (400, f"{POST}Content-Length: 2, 2\r\n\r\n{{}}{SECOND}"),
    "a length with a sign": (400, f"{POST}Content-Length: +2\r\n\r\n{{}}{SECOND}"),
    "a length as Python writes it": (400, f"{POST}Content-Length: 0_2\r\n\r\n{{}}{SECOND}"),
    "a length below zero": (400, f"{POST}Content-Length: -2\r\n\r\n{SECOND}"),
    "a length in words": (400, f"{POST}Content-Length: two\r\n\r\n{{}}{SECOND}"),
    "a length and chunks": (400, f"{CHUNKED}Content-Length: 5\r\n\r\n0\r\n\r\n{SECOND}"),
    "chunks and a length": (400, f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
    "chunks twice": (400, f"{CHUNKED}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
    "chunks of something": (400, f"{POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{SECOND}"),
    "no chunks": (400, f"{POST}Transfer-Encoding: identity\r\n\r\n{SECOND}"),
    "nearly chunks": (400, f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SECOND}"),
    "a space before the colon": (400, f"{POST}Content-Length : 100\r\n\r\n{SECOND}"),
    "a chunk of no length": (400, f"{CHUNKED}\r\nzz\r\n{SECOND}"),
    "a chunk below zero": (400, f"{CHUNKED}\r\n-2\r\n{{}}\r\n0\r\n\r\n{SECOND}"),
    "a chunk as Python writes it": (400, f"{CHUNKED}\r\n0x2\r\n{{}}\r\n0\r\n\r\n{SECOND}"),
    "a line before a chunk that does not end": (400, f"{CHUNKED}\r\n2;{'x' * 20_000}\r\n{{}}\r\n0\r\n\r\n{SECOND}"),
    # what is a header?
    "a line that is none": (400, f"{GET}nonsense\r\n\r\n"),
    "a name with a space": (400, f"{GET}X Y: z\r\n\r\n"),
    "no name": (400, f"{GET}: z\r\n\r\n"),
    "a folded line": (400, f"{GET}X: y\r\n z\r\n\r\n"),
    "a bare carriage return": (400, f"GET /tickets HTTP/1.1\r\nX: y\rAuthorization: Bearer token-of-hotline\r\n\r\n{SECOND}"),
    "NUL": (400, f"{GET}X: y\0z\r\n\r\n"),
    "a control character": (400, f"{GET}X: y\x1b[2J\r\n\r\n"),
    "an end in the middle": (400, GET),
    "a long line": (431, f"{GET}X: {'y' * 9000}\r\n\r\n"),
    "many": (431, GET + "".join(f"X{number}: y\r\n" for number in range(150)) + "\r\n"),
    "large": (431, GET + "".join(f"X{number}: {'y' * 8000}\r\n" for number in range(20)) + "\r\n"),
    # what is a request?
    "a long path": (414, f"GET /tickets/{'x' * 9000} HTTP/1.1\r\n{WHO}\r\n"),
    "many names behind the question mark": (414, f"GET /tickets?{'&'.join(f'a{n}=1' for n in range(2000))} HTTP/1.1\r\n\r\n"),
    "no version": (400, f"GET /tickets\r\n{WHO}\r\n"),
    "four words": (400, f"GET /tickets /tickets HTTP/1.1\r\n{WHO}\r\n"),
    "a carriage return in the path": (400, f"GET /tickets\rX HTTP/1.1\r\n{WHO}\r\n"),
    "another protocol": (400, f"GET /tickets GOPHER/1.1\r\n{WHO}\r\n"),
    "HTTP/2": (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}

ODD: dict[str, tuple[int, str]] = {
    "HTTP/1.0": (200, f"GET /tickets HTTP/1.0\r\n{WHO}\r\n"),
    "no Host": (200, "GET /tickets HTTP/1.1\r\nAuthorization: Bearer token-of-hotline\r\nConnection: close\r\n\r\n"),
    "a Host of nobody": (200, f"GET /tickets HTTP/1.1\r\nHost: \xff/?#\r\n{WHO}Connection: close\r\n\r\n"),
    "an underscore for a hyphen": (400, f"{POST.replace('Idempotency-Key', 'Idempotency_Key')}Content-Length: 2\r\n\r\n{{}}"),
    "two tokens": (401, f"{GET}Authorization: Bearer token-of-desk\r\nConnection: close\r\n\r\n"),
    "bytes of no alphabet": (200, f"{GET}X: \xff\xfe\x80\r\nConnection: close\r\n\r\n"),
    "an address for a path": (404, f"GET http://elsewhere/tickets HTTP/1.1\r\n{WHO}Connection: close\r\n\r\n"),
    "CONNECT": (404, f"CONNECT elsewhere:80 HTTP/1.1\r\n{WHO}Connection: close\r\n\r\n"),
    "an expectation of nobody": (422, f"{POST}Expect: tea\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"),
    "a body of a query": (200, f"{GET}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}"),
}


class Answers(NamedTuple):
    """All that came until the connection ended."""

    statuses: list[int]
    types: list[str]
    bodies: list[bytes]


def send(stack: Deployment, data: str, service: str = "tickets") -> Answers:
    """Send bytes, say that they are all, and read every answer."""
    with socket.create_connection(("127.0.0.1", stack.ports[service][0]), timeout=20) as client:
        client.sendall(data.encode("latin-1"))
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    found = Answers([], [], [])
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        found.statuses.append(int(first.split()[1]))
        found.types.append(headers.get("content-type", ""))
        found.bodies.append(rest[:length])
        received = rest[length:]
    return found


@pytest.mark.parametrize(("status", "data"), REFUSED.values(), ids=REFUSED.keys())
def test_what_two_could_read_differently_is_refused_once_and_for_all(stack: Deployment, status: int, data: str) -> None:
    answers = send(stack, data)
    assert (answers.statuses, answers.types) == ([status], ["application/problem+json"])
    problem = json.loads(answers.bodies[0])
    assert problem["status"] == status
    assert "smuggled" not in str(problem).lower()


@pytest.mark.parametrize(("status", "data"), ODD.values(), ids=ODD.keys())
def test_what_is_odd_and_plain_is_answered(stack: Deployment, status: int, data: str) -> None:
    answers = send(stack, data)
    assert answers.statuses == [status]
    assert json.loads(answers.bodies[0])


def test_a_good_request_behind_a_refused_body_on_the_same_connection_takes_effect(stack: Deployment) -> None:
    """What is refused for what it says is not the end of a connection."""
    bad = f"{POST}Content-Length: 10\r\n\r\n{{'a': 'b'}}"
    body = json.dumps({**WHISTLE, "text": "好"})
    good = f"{POST.replace('smuggled', key())}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    assert send(stack, bad + good).statuses == [400, 202]


def test_whoever_expects_to_be_told_to_go_on_is_told(stack: Deployment) -> None:
    asked = f"{POST}Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    assert send(stack, asked).statuses == [100, 422]


@contextmanager
def crowd(stack: Deployment, size: int, address: str, service: str = "tickets") -> Iterator[list[socket.socket]]:
    """So many connections of one address, each with half a head."""
    clients: list[socket.socket] = []
    try:
        for number in range(size):
            there = ("127.0.0.1", stack.ports[service][0])
            client = socket.create_connection(there, timeout=60, source_address=(address, 0))
            clients.append(client)
            with suppress(OSError):  # it was closed at once
                client.sendall(POST[: 1 + number % 150].encode())
        yield clients
    finally:
        for client in clients:
            client.close()
        wait_until(lambda: _answers(stack), "the door is open again")


def test_half_open_connections_of_one_address_keep_nobody_else_out(stack: Deployment) -> None:
    with crowd(stack, 512, "127.0.0.1") as clients:
        assert _is_closed(clients[-1]), "unread"
        assert _answers(stack, "127.0.0.2")
        assert stack.metric("tickets", "whistle_http_turned_away_total", of="client") > 0


def test_a_crowd_of_many_addresses_leaves_descriptors_for_store_and_broker(stack: Deployment) -> None:
    with ExitStack() as many:
        for number in range(10, 19):
            clients = many.enter_context(crowd(stack, 60, f"127.0.0.{number}"))
        assert _is_closed(clients[-1])
        assert ask(stack, "ledger", "GET", "/log", "desk").status == 200
        assert stack.ready("tickets")


@pytest.mark.parametrize("sent", ["", "GET /tick", GET, f"{GET}X: y"], ids=["nothing", "half a line", "a line", "headers"])
def test_a_head_that_does_not_come_in_time_is_refused(stack: Deployment, sent: str) -> None:
    """Also where a byte comes now and then: the deadline is the whole head's."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=60) as client:
        client.sendall(sent.encode())
        said = b"".join(iter(lambda: client.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 408 ") or not (sent or said)
    assert time.monotonic() - began >= HEAD_DEADLINE - 1


def test_the_next_head_of_a_connection_has_its_own_deadline(stack: Deployment) -> None:
    with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=60) as client:
        client.sendall(f"{GET}\r\n".encode())
        first = client.recv(65536)
        client.sendall(b"GET /tick")
        rest = b"".join(iter(lambda: client.recv(65536), b""))
    assert first.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in rest


def test_of_one_client_behind_the_proxy_only_so_many_requests_are_open(stack: Deployment) -> None:
    """All connections are the proxy's; whom it forwards for is counted."""
    there = ("127.0.0.1", stack.ports["tickets"][0])

    def begin(client: str) -> socket.socket:
        made = socket.create_connection(there, timeout=60, source_address=(PROXY, 0))
        made.sendall(f"{POST}X-Forwarded-For: {client}\r\nContent-Length: 9\r\n\r\n{{".encode())
        return made

    open_ = [begin("198.51.100.7") for _ in range(70)]
    try:
        refused = [client for client in open_ if _is_answered(client)]
        wait_until(lambda: sum(map(_is_answered, open_)) >= 6, "the last ones are refused", 30)
        refused = [client for client in open_ if _is_answered(client)]
        assert len(refused) == 6
        assert refused[0].recv(65536).startswith(b"HTTP/1.1 429 ")
        other = begin("198.51.100.8")
        open_.append(other)
        other.sendall(b"        ")
        assert other.recv(65536).startswith(b"HTTP/1.1 400 "), "read, and no JSON"
    finally:
        for client in open_:
            client.close()


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def _is_answered(client: socket.socket) -> bool:
    return bool(select.select([client], [], [], 0)[0])


KNOWN = [(service, one) for service, operations in BY_SERVICE.items() for one in operations if one.method == "POST"]


@pytest.mark.parametrize(("service", "operation"), KNOWN, ids=[one.id for _, one in KNOWN])
def test_whoever_may_not_is_told_so_before_the_body_is_read(stack: Deployment, service: str, operation: Operation) -> None:
    """The body never comes; a token that is wrong, and one of an account without the role."""
    path = operation.at(**{name: "json" if name == "format" else "T-NOBODY" for name in operation.parameters})
    kind = "application/x-www-form-urlencoded" if isinstance(operation, GeoReport) else "application/json"
    for token, status in (("wrong", 401), ("token-of-grid", 403)):
        if token == "token-of-grid" and operation.role == "responder":
            token = "token-of-desk"
        elif token == "token-of-grid" and operation.own_role == "responder":
            token = "token-of-gateway"
        wanted = 403 if isinstance(operation, GeoReport) else status
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n"
        with socket.create_connection(("127.0.0.1", stack.ports[service][0]), timeout=60) as client:
            client.sendall(f"{head}Idempotency-Key: x\r\nContent-Length: 200000\r\n\r\n".encode())
            assert client.recv(65536).startswith(f"HTTP/1.1 {wanted} ".encode()), token


@pytest.mark.parametrize("path", ["/tickets/T-NOBODY/requests", "/open311/v2/requests.json"])
def test_a_body_that_itself_says_who_sends_it_is_smaller(stack: Deployment, path: str) -> None:
    form = path.endswith("json")
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nIdempotency-Key: x\r\n"
    with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=60) as client:
        client.sendall(f"{head}Content-Length: 65537\r\nConnection: close\r\n\r\n".encode())
        said = client.recv(65536)
    assert said.startswith(b"HTTP/1.1 400 " if form else b"HTTP/1.1 413 ")
    assert b"413" in said


def _answers(stack: Deployment, address: str = "127.0.0.1") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["tickets"][0], timeout=60, source_address=(address, 0))
    try:
        connection.request("GET", "/tickets", headers={"Authorization": "Bearer token-of-desk"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
