"""Whoever sends a byte now and then is never silent for long, and yet holds a connection only until its time is up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

pytestmark = pytest.mark.filterwarnings("ignore:\\s*Eventlet is deprecated")

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Connections to a server that has little time."""
    import eventlet
    from eventlet import wsgi

    from chassis.http import protocol

    @Request.application
    def read_all(request: Request) -> Response:
        request.shallow, request.max_content_length = False, 9000
        return Response(request.get_data())

    monkeypatch.setattr(protocol, "REQUEST_DEADLINE", 0.2)
    door = eventlet.listen(("127.0.0.1", 0))
    log = logging.getLogger("tests")
    server = eventlet.spawn(wsgi.server, door, read_all, protocol=protocol.Protocol, log=log, log_output=False, debug=False)
    with eventlet.Timeout(20):
        yield lambda: eventlet.connect(door.getsockname())
    server.kill()
    door.close()


@pytest.mark.parametrize(
    ("begun", "drop"),
    [
        pytest.param(b"", b"G", id="the request line"),
        pytest.param(HEAD, b"X", id="the headers"),
        pytest.param(HEAD + b"Content-Length: 8000\r\n\r\n", b"x", id="the body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", id="the chunks"),
    ],
)
def test_a_slow_sender_is_read_no_longer_and_told(begun: bytes, drop: bytes, connect: Callable[[], Any]) -> None:
    import eventlet

    client = connect()
    client.sendall(begun)

    def drip() -> None:
        with suppress(OSError):
            while True:
                client.sendall(drop)
                eventlet.sleep(0.01)

    dripping = eventlet.spawn(drip)
    assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    dripping.kill()
