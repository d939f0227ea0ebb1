"""Strict and timely parsing of HTTP requests: any request that two parsers could read differently is refused.

eventlet and the standard library accept a second Content-Length, a space before a colon or a line break in the middle of a
header. A gateway that parses these another way forwards a request that it never saw (request smuggling: RFC 9112, section
11.2).
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
"""Seconds from when a connection waits for a request until the request is read, however slowly it arrives; idle time included.
"""
HEAD_DEADLINE = 10.0
"""Seconds for the head of a request, from the opening of the connection or, on a used connection, from the first byte."""
DISCARD_LIMIT = 16 * 1024 * 1024
"""The bytes of a refused body that are read and discarded, so that its sender receives the reason."""
LINGER = 2.0
"""Seconds that a refused sender may be silent before the connection is closed."""

_HEADER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r?\n")
"""RFC 9112, section 5: no space before the colon, no folded line, no control characters."""
_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}[\t ]*(;[\t\x20-\x7e\x80-\xff]*)?\r?\n")


TOO_LATE = f"the head of a request has to come within {HEAD_DEADLINE:.0f} seconds"


class BadHead(Exception):
    """The head contains a malformed line; the message gives the reason."""


class Protocol(HttpOnlyProtocol):
    """One connection."""

    rfile: Any
    _used = _late = False
    """True if the connection had a request before; true if the current head did not arrive in time."""
    _head: Any = None

    def handle_one_request(self) -> None:
        """Handle one request within the deadline, also if none arrives: a client that sends a byte now and then is never silent
        for long."""
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
        """Stop reading: a request received so far is answered, the rest is not read."""
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
        """Wait for the first byte of the connection's next request. Return False if none arrives."""
        self.connection.settimeout(self.server.keepalive or None)
        try:
            return bool(self.rfile.peek(1))
        except (OSError, ValueError):
            return False

    def parse_request(self) -> bool:
        """Read the head. Return False if it is refused."""
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
        """Check that the end of the body is certain, or its rest would be read as the next request. Raises BadHead."""
        if not self.request_version.startswith("HTTP/1."):
            raise BadHead("no version of HTTP that is known here")
        lengths = self.headers.get_all("Content-Length", [])
        codings = [coding.lower() for coding in self.headers.get_all("Transfer-Encoding", [])]
        if len(lengths) + len(codings) > 1 or codings not in ([], ["chunked"]) or not all(map(_LENGTH.fullmatch, lengths)):
            raise BadHead("Content-Length or Transfer-Encoding: one of them, once, and chunked alone")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the standard library refuses, without its message, which repeats what was sent."""
        status = HTTPStatus(code)
        self._refuse(status, status.description or status.phrase)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Refuse a request before any entrypoint sees it: send a problem document as the connection's last answer."""
        self.close_connection = True
        response = Problem(status, detail, headers={"Connection": "close"}).response()
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        with suppress(OSError):
            self.wfile.write(f"HTTP/1.1 {int(status)} {status.phrase}\r\n{head}\r\n".encode() + response.get_data())
            self.wfile.flush()
            # closing with unread data resets the connection, and the sender would lose the answer
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            _read_away(self.connection.recv)

    def get_environ(self) -> Any:
        """Return the environment for the entrypoints."""
        environ = super().get_environ()
        body = environ["eventlet.input"]
        body.rfile = _Lines(body.rfile)
        if body.chunked_input:
            environ["wsgi.input_terminated"] = True  # without it a chunked body reads as empty
        body.discard = lambda: self._discard(body)
        return environ

    def _discard(self, body: Any) -> None:
        """Discard a body. Eventlet would log any error with the path, which is the sender's text."""
        with suppress(OSError, ValueError):
            if _read_away(body.read):
                return
        self.close_connection = True


class _Lines:
    """A connection's file while a chunked body is read: eventlet accepts a chunk header of any length."""

    def __init__(self, file: Any):
        self.read, self._readline = file.read, file.readline

    def readline(self, size: int = -1) -> bytes:
        """Return one line. Raises OSError for a line that a chunked body cannot have; the connection ends with it."""
        if size >= 0:
            return bytes(self._readline(size))
        line: bytes = self._readline(wsgi.MAX_HEADER_LINE)
        if line not in (b"\r\n", b"\n") and not _CHUNK.fullmatch(line) and not _HEADER.fullmatch(line):
            raise OSError("not a chunked body")
        return line


class _Head:
    """The lines of a head, each a header by RFC 9112; the standard library would interpret any other line."""

    def __init__(self, file: Any):
        self._readline = file.readline

    def readline(self, size: int = -1) -> bytes:
        """Return one line. Raises BadHead."""
        line: bytes = self._readline()
        if not line:
            raise BadHead("the headers do not end")
        if line not in (b"\r\n", b"\n") and _HEADER.fullmatch(line) is None:
            raise BadHead("a line of the headers is no header")
        return line


def _read_away(read: Callable[[int], bytes]) -> bool:
    """Read and discard up to `DISCARD_LIMIT` bytes. Return whether the end was reached."""
    return any(not read(16384) for _ in range(DISCARD_LIMIT // 16384))
