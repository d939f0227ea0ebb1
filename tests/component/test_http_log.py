"""What is logged while a request is answered: whose story it is, who asked, and one line for each request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from chassis.messaging.external_events import Digests
from tests.kit.deployment import SECRET
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack
from tests.kit.stack import stack as deployed

DIGESTS = Digests(SECRET.encode())
WHISTLE: dict[str, Any] = {"category": "noise", "area": "shanqi-1", "channel": "hotline", "text": "楼上半夜放音乐"}


@pytest.fixture(scope="module")
def stack(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Stack]:
    """Tickets alone, and dispatch until tickets knows the directory."""
    with deployed(postgres_server, rabbit_server) as running:
        running.start("tickets", "dispatch")
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM areas")[0][0] == 7, "areas at tickets")
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        yield running


def lines(stack: Stack, **wanted: Any) -> list[dict[str, Any]]:
    """The lines about requests at tickets that say so."""
    log = [json.loads(line) for line in stack.log("tickets", 100_000).splitlines() if line.startswith("{")]
    return [line for line in log if line["message"] == "answered" and wanted.items() <= line.items()]


def only(stack: Stack, **wanted: Any) -> dict[str, Any]:
    """The one line that says so."""
    wait_until(lambda: len(lines(stack, **wanted)) == 1, f"one line with {wanted}", 10, details=lambda: stack.log("tickets", 9))
    return lines(stack, **wanted)[0]


def test_a_command_that_makes_its_subject_is_logged_under_it(stack: Stack) -> None:
    key = uuid4().hex
    status, taken, _ = stack.call("tickets", "POST", "/whistles", "hotline", WHISTLE, key)
    assert status == 202
    line = only(stack, causation=DIGESTS.cause("account:hotline", key))
    told = (line["operation"], line["status"], line["account"], line["correlation"], line["service"])
    assert told == ("blowWhistle", 202, "hotline", taken["ticket"], "tickets")
    assert line["milliseconds"] >= 0


def test_a_command_about_a_subject_and_one_that_is_refused(stack: Stack) -> None:
    _, taken, _ = stack.call("tickets", "POST", "/whistles", "hotline", WHISTLE, uuid4().hex)
    ticket, wrong = taken["ticket"], uuid4().hex
    path = f"/tickets/{ticket}/parkings"
    assert stack.call("tickets", "POST", path, "hotline", {}, wrong)[0] == 403
    assert only(stack, status=403, correlation=None)["account"] == "hotline"
    assert stack.call("tickets", "POST", path, "desk", {}, wrong)[0] == 422
    line = only(stack, status=422, correlation=ticket)
    assert (line["account"], line["causation"]) == ("desk", DIGESTS.cause("account:desk", wrong))


def test_a_query_is_logged_with_who_asked(stack: Stack) -> None:
    assert stack.call("tickets", "GET", "/tickets/TLOGGEDLOGGEDAAAA", "desk")[0] == 404
    line = only(stack, correlation="TLOGGEDLOGGEDAAAA")
    assert (line["operation"], line["status"], line["account"], line["causation"]) == ("getTicket", 404, "desk", None)


def test_who_is_not_known_and_what_is_not_there_leave_a_line_too(stack: Stack) -> None:
    assert stack.call("tickets", "GET", "/tickets/T-HIDDEN", None)[0] == 401
    line = only(stack, status=401)
    assert (line["operation"], line["account"], line["correlation"]) == ("getTicket", None, None)
    assert stack.call("tickets", "GET", "/nowhere/0290001234", "desk")[0] == 404
    assert only(stack, operation="none")["service"] == "tickets"
    assert stack.call("tickets", "GET", "/tickets/0290001234", "desk")[0] == 404
    assert only(stack, operation="getTicket", status=404, correlation=None)
    assert "0290001234" not in stack.log("tickets", 100_000)


def test_a_link_is_named_by_its_digest_alone(stack: Stack) -> None:
    _, taken, _ = stack.call("tickets", "POST", "/whistles", "hotline", WHISTLE, uuid4().hex)
    body = {"request": "rate", "link": "029-00001234-not-a-link", "resolved": True, "satisfied": True}
    stack.call("tickets", "POST", f"/tickets/{taken['ticket']}/requests", None, body, uuid4().hex)
    line = only(stack, operation="makeRequest")
    assert line["account"].startswith("link:")
    assert "029-00001234" not in stack.log("tickets", 100_000)
