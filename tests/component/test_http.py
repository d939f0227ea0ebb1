"""The HTTP face against a real stack. Every answer is held against the service's OpenAPI document."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from tests.kit.deployment import SERVICES
from tests.kit.described import Reply, check
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack
from tests.kit.stack import stack as deployed
from tests.kit.street import Mouth, Street

WHISTLE: dict[str, Any] = {
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "channel": "hotline",
    "text": "楼上半夜放音乐",
    "address": "3号楼2单元",
    "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
}
PRIVATE = ("半夜", "3号楼", "王阿姨", "029-00001234")
_numbers = count(1)


@pytest.fixture(scope="module")
def stack(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Stack]:
    with deployed(postgres_server, rabbit_server) as running:
        running.start()
        # what may be whistled about travels from dispatch to tickets
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM areas")[0][0] == 7, "areas at tickets")
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        yield running


def key() -> str:
    """A key that no other test uses."""
    return f"key-{next(_numbers)}"


def ask(
    stack: Stack,
    service: str,
    method: str,
    path: str,
    account: str | None = None,
    body: Any = None,
    key: str | None = None,
    timeout: float = 20,
    **more: Any,
) -> Reply:
    """One request; its answer, which is what the document describes. ``body`` is sent as it is where it is bytes."""
    headers = {"Authorization": f"Bearer token-of-{account}"} if account else {}
    headers |= {"Idempotency-Key": key} if key is not None else {}
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    headers |= more.get("headers", {})
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports[service][0], timeout=timeout)
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        chunks = more.get("chunks")
        connection.request(method, path, chunks or data, headers, encode_chunked=bool(chunks))
        reply = read(connection.getresponse())
    finally:
        connection.close()
    check(service, method, path, reply)
    return reply


def read(answer: http.client.HTTPResponse) -> Reply:
    """What came."""
    return Reply(answer.status, dict(answer.headers), json.loads(answer.read()))


def whistle(stack: Stack, key: str, account: str = "hotline", **changes: Any) -> Reply:
    """POST /whistles."""
    return ask(stack, "tickets", "POST", "/whistles", account, {**WHISTLE, **changes}, key)


def opened(stack: Stack, ticket: str) -> int:
    """How often a ticket was said to be opened."""
    said = "SELECT count(*) FROM outbox WHERE type = 'ticket.opened.v1' AND subject = %s"
    return int(stack.rows("tickets", said, ticket)[0][0])


@contextmanager
def held(stack: Stack, service: str, table: str) -> Iterator[None]:
    """Within the block nothing can be written to a table."""
    connection = psycopg2.connect(stack.databases[service])
    try:
        connection.cursor().execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


def waiting(stack: Stack, service: str) -> int:
    """Statements that wait for a lock in a service's database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return int(stack.rows(service, asked)[0][0])


# --- the chain


def test_a_whistle_by_http_goes_to_closed(stack: Stack) -> None:
    street = Street(stack)
    street.start()
    try:
        taken = whistle(stack, key())
        ticket = taken.body["ticket"]
        assert taken.status == 202
        assert taken.headers["Location"] == taken.body["status"] == f"/tickets/{ticket}"

        def closed() -> bool:
            seen = ask(stack, "tickets", "GET", taken.headers["Location"], "desk")
            return seen.status == 200 and seen.body["state"] == "closed"

        wait_until(closed, f"{ticket} closed", 60, details=lambda: str({s: stack.log(s, 5) for s in SERVICES}))
    finally:
        street.stop()
    case = ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").body
    assert (case["state"], case["playbook"], case["level"]) == ("verified", "xianlinli", "property")
    assert [(a["to"], a["purpose"], a["step"]) for a in case["assignments"]] == [
        ("yangguang-property", "handle", "done"),
        ("grid-worker-1", "verify", "done"),
    ]
    wait_until(lambda: "ticket.closed.v1" in recorded(stack, ticket), "the closure in the ledger")
    wanted = {
        "ticket_opened",
        "assignment_made_handle",
        "assignment_made_verify",
        "ticket_verified",
        "ticket_closed_satisfied",
    }
    wait_until(lambda: wanted == {notice["template"] for notice in notices(stack, ticket)}, "everybody told")
    assert ask(stack, "ledger", "GET", "/log", "desk").body["size"] > 5


def recorded(stack: Stack, subject: str) -> list[str]:
    """The types that the ledger has about a subject."""
    return [entry["type"] for entry in ask(stack, "ledger", "GET", f"/log/{subject}", "desk").body["entries"]]


def test_a_responder_reports_by_http(stack: Stack) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    report = {"ticket": ticket, "command": "sign", "unit": "yangguang-property", "note": "来了"}
    mine = key()
    taken = ask(stack, "dispatch", "POST", "/reports", "responders", report, mine)
    assert (taken.status, taken.body) == (202, {"ticket": ticket, "command": "sign", "id": mine})
    seen = ask(stack, "dispatch", "GET", taken.headers["Location"], "desk")
    assert seen.body["assignments"][0]["step"] == "signed"


def test_a_report_that_is_not_right_says_why(stack: Stack) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    right = {"ticket": ticket, "command": "sign", "unit": "yangguang-property"}
    table: list[tuple[int, dict[str, Any], str]] = [
        (403, {"unit": "grid-worker-1"}, "does not speak for"),
        (404, {"ticket": "T-NOBODY"}, "no case"),
        (422, {"unit": "heping-property"}, "no assignment"),
        (422, {"command": "verify", "passed": True}, "no assignment"),
    ]
    for status, changes, why in table:
        reply = ask(stack, "dispatch", "POST", "/reports", "responders", {**right, **changes}, key())
        assert (reply.status, why in reply.body["detail"]) == (status, True), (changes, reply)


def test_no_answer_has_private_data(stack: Stack) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: len(notices(stack, ticket)) >= 2, "notices")
    answers = [
        ask(stack, "tickets", "GET", f"/tickets/{ticket}", "desk"),
        ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk"),
        ask(stack, "notify", "GET", f"/tickets/{ticket}/notices", "desk"),
        ask(stack, "ledger", "GET", f"/log/{ticket}", "desk"),
    ]
    for answer in answers:
        assert answer.status == 200
        said = json.dumps(answer.body, ensure_ascii=False)
        assert not [word for word in PRIVATE if word in said], said
    assert set(answers[0].body).isdisjoint({"private_digest", "has_contact"})
    assert all("text" not in notice for notice in answers[2].body["notices"])


def notices(stack: Stack, ticket: str) -> list[Any]:
    """What notify says about a ticket."""
    found: list[Any] = ask(stack, "notify", "GET", f"/tickets/{ticket}/notices", "desk").body["notices"]
    return found


# --- who asks, and for what


@pytest.mark.parametrize(
    ("service", "method", "path", "wrong_account"),
    [
        ("tickets", "POST", "/whistles", "responders"),
        ("tickets", "GET", "/tickets/T1", "responders"),
        ("dispatch", "POST", "/reports", "hotline"),
        ("dispatch", "GET", "/cases/T1", "responders"),
        ("notify", "GET", "/tickets/T1/notices", "grid"),
        ("ledger", "GET", "/log", "grid"),
        ("ledger", "GET", "/log/T1", "grid"),
    ],
)
def test_nobody_is_answered_without_the_role(stack: Stack, service: str, method: str, path: str, wrong_account: str) -> None:
    body = {} if method == "POST" else None
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic dG9rZW4="}, {"Authorization": "Bearer"}):
        assert ask(stack, service, method, path, None, body, key(), headers=headers).status == 401, headers
    assert ask(stack, service, method, path, wrong_account, body, key()).status == 403


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/"),
        (404, "GET", "/nowhere"),
        (405, "POST", "/tickets"),
        (404, "GET", "/tickets/"),
        (404, "GET", "/tickets//T1"),
        (404, "GET", "/tickets/T1/more"),
        (404, "GET", "/tickets/T-NOBODY"),
        (404, "GET", "/tickets/%00"),
        (404, "GET", "/tickets/a%20b"),
        (404, "GET", "/tickets/%ff%fe"),
        (404, "GET", "/tickets/" + "x" * 81),
        (404, "GET", "/tickets/T1%27%3B%20DROP%20TABLE%20tickets"),
        (405, "GET", "/whistles"),
        (405, "DELETE", "/tickets/T1"),
        (405, "OPTIONS", "/whistles"),
        (405, "BREW", "/whistles"),
    ],
)
def test_there_is_nothing_else(stack: Stack, status: int, method: str, path: str) -> None:
    reply = ask(stack, "tickets", method, path, "desk")
    assert reply.status == status
    if status == 405:
        assert reply.headers["Allow"] == ("POST" if path == "/whistles" else "GET, HEAD")


# --- what a body can be


def changed(**changes: Any) -> bytes:
    return json.dumps({**WHISTLE, **changes}).encode()


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
    ("text too long", 422, changed(text="x" * 4001), "text"),
    ("null where it is wanted", 422, changed(text=None), "text"),
    ("an unregistered category", 422, changed(category="flying"), None),
    ("an unregistered area", 422, changed(area="atlantis"), None),
    ("an unregistered estate", 422, changed(estate="atlantis"), None),
]


@pytest.mark.parametrize(("status", "body", "field"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_body_is_a_problem(stack: Stack, status: int, body: bytes, field: str | None) -> None:
    reply = ask(stack, "tickets", "POST", "/whistles", "hotline", body, key())
    assert reply.status == status, reply.body
    assert field is None or field in {error["field"] for error in reply.body["errors"]}, reply.body
    said = json.dumps(reply.body, ensure_ascii=False)
    assert not [word for word in PRIVATE if word in said], "a problem repeats what was sent"


@pytest.mark.parametrize("extra", [{"unknown": {"a": [1]}}, {"unknown": "\ud800"}, {"reporter": {"name": "甲", "shoe": "\0"}}])
def test_what_is_not_described_is_ignored(stack: Stack, extra: Mapping[str, Any]) -> None:
    assert whistle(stack, key(), **extra).status == 202


@pytest.mark.parametrize("sent", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "garbage"])
def test_a_body_says_that_it_is_json(stack: Stack, sent: str | None) -> None:
    body = json.dumps(WHISTLE).encode()
    headers = {"Content-Type": sent} if sent else {}
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["tickets"][0], timeout=20)
    connection.request(
        "POST", "/whistles", body, {"Authorization": "Bearer token-of-hotline", "Idempotency-Key": key(), **headers}
    )
    reply = read(connection.getresponse())
    connection.close()
    check("tickets", "POST", "/whistles", reply)
    assert reply.status == 415


def test_a_charset_may_be_said(stack: Stack) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", WHISTLE, key(), headers=headers).status == 202


def test_a_body_over_the_limit_is_refused_however_it_is_sent(stack: Stack) -> None:
    large = changed(unknown="x" * 300_000)
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", large, key()).status == 413
    chunks = (large[start : start + 8192] for start in range(0, len(large), 8192))
    headers = {"Content-Type": "application/json"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", None, key(), chunks=chunks, headers=headers).status == 413


def test_a_body_without_an_end_is_not_read_for_ever(stack: Stack) -> None:
    head = "POST /whistles HTTP/1.1\r\nAuthorization: Bearer token-of-hotline\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=10) as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            client.sendall(chunk * 1000)


def test_a_chunked_body_is_read(stack: Stack) -> None:
    chunks = (bytes([byte]) for byte in changed())
    headers = {"Content-Type": "application/json"}
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", None, key(), chunks=chunks, headers=headers).status == 202


@pytest.mark.parametrize("bad", [None, "", " ", "a b", "x" * 129, "tab\tbed", "é"])
def test_a_command_wants_a_key(stack: Stack, bad: str | None) -> None:
    reply = ask(stack, "tickets", "POST", "/whistles", "hotline", WHISTLE, bad)
    assert reply.status == 400
    assert [error["field"] for error in reply.body["errors"]] == ["Idempotency-Key"]


def test_the_longest_key_and_account_still_make_a_readable_event(stack: Stack) -> None:
    """The key is in `ce-causationid`, of which every consumer reads 255 characters."""
    ticket = whistle(stack, "k" * 128).body["ticket"]
    wait_until(lambda: "case.started.v1" in recorded(stack, ticket), "dispatch took it up")


def test_garbage_on_the_socket_ends_a_connection_and_no_service(stack: Stack) -> None:
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
        with socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=5) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            answer = b"".join(iter(lambda c=client: _received(c), b""))
        assert not answer.startswith(b"HTTP/1.1 5"), (garbage[:60], answer)
    assert ask(stack, "tickets", "GET", "/tickets/T-NOBODY", "desk").status == 404
    assert stack.processes["tickets"].alive


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_client_that_resets_in_the_middle_harms_nobody(stack: Stack) -> None:
    for _ in range(20):
        client = socket.create_connection(("127.0.0.1", stack.ports["tickets"][0]), timeout=5)
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


# --- once


def test_the_same_key_and_body_is_one_command(stack: Stack) -> None:
    mine = key()
    first, second = whistle(stack, mine), whistle(stack, mine)
    assert (first.status, first.body, first.headers["Location"]) == (second.status, second.body, second.headers["Location"])
    assert opened(stack, first.body["ticket"]) == 1


def test_the_order_of_fields_and_white_space_make_no_other_body(stack: Stack) -> None:
    mine = key()
    first = whistle(stack, mine)
    spread = json.dumps(dict(reversed(WHISTLE.items())), indent=4, ensure_ascii=False).encode()
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", spread, mine).body == first.body


def test_the_same_key_with_another_body_is_a_conflict(stack: Stack) -> None:
    mine = key()
    ticket = whistle(stack, mine).body["ticket"]
    assert whistle(stack, mine, text="楼下也放").status == 409
    assert whistle(stack, mine, unknown=1).status == 409
    assert opened(stack, ticket) == 1


def test_another_account_does_not_see_the_first_ones_answer(stack: Stack) -> None:
    """Accounts are apart by role here too: `grid` may report, and uses the very key that `responders` used."""
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    mine, report = key(), {"ticket": ticket, "command": "sign", "unit": "yangguang-property"}
    assert ask(stack, "dispatch", "POST", "/reports", "responders", report, mine).status == 202
    assert ask(stack, "dispatch", "POST", "/reports", "grid", report, mine).status == 403


def test_a_refused_command_leaves_its_key_unused(stack: Stack) -> None:
    mine = key()
    assert whistle(stack, mine, area="atlantis").status == 422
    assert whistle(stack, mine).status == 202


def at_once(asks: list[Any]) -> list[Future[Reply]]:
    """Each in a thread of its own."""
    pool = ThreadPoolExecutor(len(asks))
    begun = [pool.submit(one) for one in asks]
    pool.shutdown(wait=False)
    return begun


def test_two_equal_requests_at_the_same_moment_have_one_effect_and_one_answer(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine)] * 2)
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait: one for the table, one for the first")
    first, second = (one.result(timeout=20) for one in both)
    assert (first.status, first.body) == (second.status, second.body) == (202, first.body)
    assert opened(stack, first.body["ticket"]) == 1


def test_of_two_different_requests_with_one_key_at_the_same_moment_one_is_a_conflict(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine), lambda: whistle(stack, mine, text="别的")])
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait")
    assert sorted(one.result(timeout=20).status for one in both) == [202, 409]


def test_where_the_first_is_refused_the_second_is_tried(stack: Stack) -> None:
    """An equal request that waited for one which rolled back is the first itself."""
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine, area="atlantis")] * 2)
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait")
    assert [one.result(timeout=20).status for one in both] == [422, 422]


def test_a_crowd_with_few_keys(stack: Stack) -> None:
    keys = [key() for _ in range(4)]
    replies = [one.result(timeout=30) for one in at_once([lambda k=k: whistle(stack, k) for k in keys * 8])]
    assert {reply.status for reply in replies} == {202}
    tickets = {reply.body["ticket"] for reply in replies}
    assert len(tickets) == 4
    assert [opened(stack, ticket) for ticket in tickets] == [1] * 4


def test_the_same_whistle_by_amqp_and_http_at_the_same_moment_is_one_ticket(stack: Stack) -> None:
    """Both insert the ticket; the request is second, and finds it when it looks again."""
    mine = key()
    mouth = Mouth(stack, "hotline", threading.Event())
    with held(stack, "tickets", "sequences"):
        mouth.say("whistle.blown.v1", "/accounts/hotline", mine, mine, WHISTLE)
        wait_until(lambda: waiting(stack, "tickets") >= 1, "the event has inserted its ticket, and waits")
        (taken,) = at_once([lambda: whistle(stack, mine)])
        wait_until(lambda: waiting(stack, "tickets") >= 2, "the request waits for the event")
    mouth.close()
    reply = taken.result(timeout=20)
    assert reply.status == 202
    wait_until(lambda: opened(stack, reply.body["ticket"]) == 1, "opened once")


# --- outages and the end


@contextmanager
def unreachable(stack: Stack, service: str) -> Iterator[None]:
    """Within the block a service's database lets nobody in."""
    name = f"{stack.name}_{service}"
    stack.postgres.execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    try:
        yield
    finally:
        stack.postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_store_out_of_reach_is_an_outage_and_not_an_error(stack: Stack) -> None:
    mine = key()
    with unreachable(stack, "tickets"):
        for _ in range(3):
            assert whistle(stack, mine).status == 503
            gone = ask(stack, "tickets", "GET", "/tickets/T1", "desk")
            assert (gone.status, int(gone.headers["Retry-After"]) > 0) == (503, True)
    wait_until(lambda: whistle(stack, mine).status == 202, "accepted again", 20)
    stack.wait_ready("tickets")


def test_a_connection_cut_during_a_command_is_an_outage(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        (taken,) = at_once([lambda: whistle(stack, mine)])
        wait_until(lambda: waiting(stack, "tickets") >= 1, "it waits")
        stack.postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{stack.name}_tickets' AND wait_event_type = 'Lock'"
        )
        assert taken.result(timeout=20).status == 503
    wait_until(lambda: whistle(stack, mine).status == 202, "accepted again", 20)


def test_a_stop_lets_a_request_finish_and_takes_no_other(stack: Stack) -> None:
    stack.start("tickets-2")
    process, port = stack.processes["tickets-2"], stack.ports["tickets-2"][0]
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    idle.request("GET", "/tickets/T1", headers={"Authorization": "Bearer token-of-desk"})
    assert read(idle.getresponse()).status == 404
    mine, body = key(), json.dumps(WHISTLE).encode()
    headers = {"Authorization": "Bearer token-of-hotline", "Idempotency-Key": mine, "Content-Type": "application/json"}
    slow = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    ended: list[int | None] = []
    with held(stack, "tickets", "tickets"):
        slow.request("POST", "/whistles", body, headers)
        wait_until(lambda: waiting(stack, "tickets") >= 1, "it is being answered")
        stopping = threading.Thread(target=lambda: ended.append(process.stop()))
        stopping.start()
        wait_until(lambda: not _accepts(port), "no new connection")
        idle.request("GET", "/tickets/T1", headers={"Authorization": "Bearer token-of-desk"})
        assert not stack.ready("tickets-2")
        late = read(idle.getresponse())
        check("tickets", "GET", "/tickets/T1", late)
        assert late.status == 503
        time.sleep(0.5)
    answer = slow.getresponse()
    assert answer.headers["Connection"] == "close"
    reply = read(answer)
    check("tickets", "POST", "/whistles", reply)
    assert reply.status == 202
    stopping.join(timeout=40)
    assert ended == [0]
    assert whistle(stack, mine).body == reply.body, "it was committed, and the other process knows the answer"
    wait_until(lambda: "case.started.v1" in recorded(stack, reply.body["ticket"]), "what it said was published")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def test_nothing_private_and_no_error_was_logged(stack: Stack) -> None:
    """Last: after all of the above."""
    for service in SERVICES:
        lines = stack.log(service, 100_000).splitlines()
        assert not [line for line in lines if any(word in line for word in PRIVATE)]
        assert not [line for line in lines if "unforeseen" in line], service
