"""The way out, against a real gateway on loopback: what each of its answers means, and that none takes for ever."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from services.notify.domain.attempts import Failure
from services.notify.domain.channels import LOG_ONLY, Channel
from services.notify.domain.notice import Notice
from services.notify.transport.http_answers import retry_after
from services.notify.transport.sender import KEY_HEADER, NotSent, send

SECONDS = 0.3
SILENT, CUT = 0, -1
NOTICE = Notice("e-1-resident", "T", "resident", "ticket_opened", "zh", "漏水 https://s.example/t", address="+86 29&0000:1/2")


class Gateway(ThreadingHTTPServer):
    """Answers as it is told; `SILENT` says nothing, `CUT` hangs up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.status, self.headers, self.halt = 200, dict[str, str](), threading.Event()
        self.got: list[tuple[str, Any, Any]] = []


class _Hook(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, self.headers[KEY_HEADER], body))
        if self.server.status == SILENT:
            self.server.halt.wait(10)
        if self.server.status in {SILENT, CUT}:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Gateway()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.halt.set()
    made.shutdown()
    made.server_close()


def attempt(via: str, notice: Notice = NOTICE, size: int = 2000) -> Failure | None:
    """Return the failure of an attempt; None where it was taken."""
    try:
        send(Channel("sms", via, size=size, timeout=timedelta(seconds=SECONDS)), notice, LOG_ONLY)
    except NotSent as wrong:
        return wrong.failure
    return None


@pytest.mark.parametrize(
    ("status", "headers", "failure"),
    [
        (200, {}, None),
        (202, {}, None),
        (204, {}, None),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, Failure("http_302")),
        (400, {}, Failure("http_400", final=True)),
        (401, {}, Failure("http_401")),
        (404, {}, Failure("http_404", final=True)),
        (410, {"Retry-After": "5"}, Failure("http_410", final=True, wait=timedelta(seconds=5))),
        (422, {}, Failure("http_422", final=True)),
        (429, {}, Failure("http_429")),
        (429, {"Retry-After": "120"}, Failure("http_429", wait=timedelta(minutes=2))),
        (429, {"Retry-After": "soon"}, Failure("http_429")),
        (500, {}, Failure("http_500")),
        (503, {"Retry-After": "7"}, Failure("http_503", wait=timedelta(seconds=7))),
        (SILENT, {}, Failure("unknown")),
        (CUT, {}, Failure("unknown")),
    ],
)
def test_what_an_answer_means(gateway: Gateway, status: int, headers: dict[str, str], failure: Failure | None) -> None:
    gateway.status, gateway.headers = status, headers
    assert attempt(f"webhook://127.0.0.1:{gateway.server_port}/sms") == failure
    assert len(gateway.got) == 1  # the plugin itself tries nothing twice


def test_address_key_and_text_travel_whole(gateway: Gateway) -> None:
    assert attempt(f"webhook://127.0.0.1:{gateway.server_port}/sms?:to=$address&-k=v") is None
    assert gateway.got == [("/sms?k=v", NOTICE.id, {"to": NOTICE.address, "message": NOTICE.text})]


@pytest.mark.parametrize(
    ("via", "address"),
    [
        ("webhook://127.0.0.1:{port}/sms?:to=$address", None),
        ("webhook://127.0.0.1:{port}/sms?:to=$address", "  "),
        ("mailto://street:password@127.0.0.1:{port}?to=$address&from=street@s.example", "+8613800000000"),
    ],
)
def test_without_an_address_of_its_kind_nothing_is_sent(gateway: Gateway, via: str, address: str | None) -> None:
    notice = replace(NOTICE, address=address)
    assert attempt(via.format(port=gateway.server_port), notice) == Failure("bad_address", final=True)
    assert gateway.got == []


def test_the_key_changes_with_the_sending(gateway: Gateway) -> None:
    again = Notice("n", "T", "resident", "ticket_opened", "zh", "text", first=3)
    attempt(f"webhook://127.0.0.1:{gateway.server_port}/sms", again)
    assert gateway.got[0][1] == "n~3"


def test_it_is_cut_to_the_channels_size_and_keeps_its_link(gateway: Gateway) -> None:
    long = Notice("n", "T", "resident", "ticket_opened", "zh", "漏水" * 99 + NOTICE.text)
    attempt(f"webhook://127.0.0.1:{gateway.server_port}/sms", long, size=40)
    text = gateway.got[0][2]["message"]
    assert len(text) == 40
    assert text.endswith("… https://s.example/t")


@pytest.mark.parametrize(
    ("via", "failure"),
    [
        ("webhook://127.0.0.1:9/", Failure("unreachable")),
        ("json://127.0.0.1:9/", Failure("unreachable")),
        ("mailto://127.0.0.1:9/?to=a@b.example&from=c@d.example", Failure("refused")),
        ("nonsense://x", Failure("bad_address", final=True)),
    ],
)
def test_what_fails_says_why_and_logs_nothing(via: str, failure: Failure, capsys: pytest.CaptureFixture[str]) -> None:
    # a handler of its own on the root: pytest's may also hear loggers that tell nobody else
    logging.getLogger().addHandler(heard := logging.StreamHandler(sys.stdout))
    assert attempt(via) == failure
    logging.getLogger().removeHandler(heard)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("90", 90),
        ("-1", 0),
        ("9" * 40, 10**9),
        ("Wed, 04 Mar 2026 00:01:30 GMT", 90),
        ("Tue, 03 Mar 2026 23:00:00 GMT", 0),
        ("later", 0),
    ],
)
def test_how_long_a_gateway_asks_to_be_left_alone(said: str | None, seconds: int) -> None:
    assert retry_after(said, datetime(2026, 3, 4, tzinfo=UTC)) == timedelta(seconds=seconds)
