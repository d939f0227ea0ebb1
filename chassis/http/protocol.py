"""How a request is read off a connection: whatever two readers could take for different requests is refused, and in time.

eventlet and the standard library forgive: a second Content-Length, a space before a colon, a line break in the middle of a
header. A gateway that reads these another way sends on what it never saw (request smuggling: RFC 9112, section 11.2).
"""

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.server import HttpOnlyProtocol

from chassis.http.problem import Problem

REQUEST_DEADLINE = 120.0
"""Seconds from when a connection waits for a request until the request is read, however slowly it comes: idle and all."""
HEAD_DEADLINE = 10.0
"""Seconds for the head of a request: from when the connection is made or, on one that was used before, from its first byte."""
DISCARD_LIMIT = 16 * 1024 * 1024
"""Bytes of a refused body that are read away, so that its sender gets to read why."""
LINGER = 2.0
"""Seconds that whoever was refused may be silent before the connection is closed."""

_HEADER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r?\n")
"""RFC 9112, section 5: no space before the colon, no folded line, no control characters."""
_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}[\t ]*(;[\t\x20-\x7e\x80-\xff]*)?\r?\n")


TOO_LATE = f"the head of a request has to come within {HEAD_DEADLINE:.0f} seconds"


class BadHead(Exception):
    """Raised for lines that are no headers; the message says why."""


class Protocol(HttpOnlyProtocol):
    """One connection."""

    rfile: Any
    _used = _late = False
    """Whether it had a request before; whether the head that is read did not come in time."""
    _head: Any = None

    def handle_one_request(self) -> None:
        """Also where nothing comes: a client that sends a byte now and then is never silent for long."""
        cut = eventlet.spawn_after(REQUEST_DEADLINE, self._read_no_more)
        try:
            super().handle_one_request()
        finally:
            cut.cancel()
            self._end_head()
            self._used = True

    def _begin_head(self) -> None:
        self._head = eventlet.spawn_after(HEAD_DEADLINE, self._too_late)

    def _end_head(self) -> None:
        if self._head is not None:
            self._head.cancel()

    def _too_late(self) -> None:
        self._late = True
        self._read_no_more()

    def _read_no_more(self) -> None:
        """What was not sent by now is not read; what was, is answered."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def _read_request_line(self) -> Any:
        if self._used and not self._next_begins():
            self.close_connection = True
            return b""
        self._begin_head()
        line = super()._read_request_line()
        if self._late and line and not line.endswith(b"\n"):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, TOO_LATE)
            return b""
        if len(line) < self.server.url_length_limit:
            return line
        self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, "the path and what is searched for are too long")
        return b""

    def _next_begins(self) -> bool:
        """Wait for the first byte of the connection's next request. False where none comes."""
        self.connection.settimeout(self.server.keepalive or None)
        try:
            return bool(self.rfile.peek(1))
        except (OSError, ValueError):
            return False

    def parse_request(self) -> bool:
        """Read the head. False where it is refused."""
        self.rfile = _Head(self.rfile)
        try:
            if not super().parse_request():
                return False
            self._check()
        except BadHead as wrong:
            if self._late:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, TOO_LATE)
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, str(wrong))
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large")
        else:
            self._end_head()
            return True
        return False

    def _check(self) -> None:
        """Where the body ends must be beyond doubt, or the rest of it is the next request. Raises BadHead."""
        if not self.request_version.startswith("HTTP/1."):
            raise BadHead("no version of HTTP that is known here")
        lengths = self.headers.get_all("Content-Length", [])
        codings = [coding.lower() for coding in self.headers.get_all("Transfer-Encoding", [])]
        if len(lengths) + len(codings) > 1 or codings not in ([], ["chunked"]) or not all(map(_LENGTH.fullmatch, lengths)):
            raise BadHead("Content-Length or Transfer-Encoding: one of them, once, and chunked alone")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses. Its messages repeat what was sent."""
        status = HTTPStatus(code)
        self._refuse(status, status.description or status.phrase)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """What is refused before any entrypoint sees it is a problem document too, and the connection's last answer."""
        self.close_connection = True
        response = Problem(status, detail, headers={"Connection": "close"}).response()
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        with suppress(OSError):
            self.wfile.write(f"HTTP/1.1 {int(status)} {status.phrase}\r\n{head}\r\n".encode() + response.get_data())
            self.wfile.flush()
            # to close while something is unread is a reset, and the sender would lose the answer
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            _read_away(self.connection.recv)

    def get_environ(self) -> Any:
        """For the entrypoints."""
        environ = super().get_environ()
        body = environ["eventlet.input"]
        body.rfile = _Lines(body.rfile)
        if body.chunked_input:
            environ["wsgi.input_terminated"] = True  # without it a chunked body reads as empty
        body.discard = lambda: self._discard(body)
        return environ

    def _discard(self, body: Any) -> None:
        """Eventlet would log what it raises, with the path, which is the sender's text."""
        with suppress(OSError, ValueError):
            if _read_away(body.read):
                return
        self.close_connection = True


class _Lines:
    """A connection's file while a chunked body is read: eventlet takes a line before a chunk however long it is."""

    def __init__(self, file: Any):
        self.read, self._readline = file.read, file.readline

    def readline(self, size: int = -1) -> bytes:
        """Raises OSError for a line that is none of a chunked body's; the connection ends with it."""
        if size >= 0:
            return bytes(self._readline(size))
        line: bytes = self._readline(wsgi.MAX_HEADER_LINE)
        if line not in (b"\r\n", b"\n") and not _CHUNK.fullmatch(line) and not _HEADER.fullmatch(line):
            raise OSError("not a chunked body")
        return line


class _Head:
    """The lines of a head, each a header as the RFC has it; the standard library would make something of any other."""

    def __init__(self, file: Any):
        self._readline = file.readline

    def readline(self, size: int = -1) -> bytes:
        """Raises BadHead."""
        line: bytes = self._readline()
        if not line:
            raise BadHead("the headers do not end")
        if line not in (b"\r\n", b"\n") and _HEADER.fullmatch(line) is None:
            raise BadHead("a line of the headers is no header")
        return line


def _read_away(read: Callable[[int], bytes]) -> bool:
    """Whether it came to an end."""
    return any(not read(16384) for _ in range(DISCARD_LIMIT // 16384))
