"""HTTP answers of gateways, recorded below apprise for each attempt.

Apprise's plugins turn an answer into yes or no, and most of them read the status alone. The body is needed to tell a message
that was taken from one that was not, so `recording_answers` collects every answer of ``requests`` during an attempt.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import wraps
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

MAX_BODY = 64 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. ``status`` is None without an answer; ``reached`` is False where nothing was sent either."""

    status: int | None
    reached: bool = True
    wait: timedelta = timedelta()
    body: bytes = b""

    @property
    def taken(self) -> bool:
        """Return whether the gateway took the message, as far as the status says."""
        return self.status is not None and 200 <= self.status < 300


_recording: ContextVar[list[Answer] | None] = ContextVar("recording", default=None)


@contextmanager
def recording_answers() -> Iterator[list[Answer]]:
    """Collect the answers to every request of the present greenlet or thread, in order."""
    answers: list[Answer] = []
    token = _recording.set(answers)
    try:
        yield answers
    finally:
        _recording.reset(token)


def answer_of(response: requests.Response, body: bytes = b"") -> Answer:
    """Return the answer that a response is."""
    return Answer(response.status_code, wait=retry_after(response.headers.get("Retry-After")), body=body)


def no_answer(wrong: requests.RequestException) -> Answer:
    """Return the answer of a failed request. Without a connection nothing can have arrived: ``reached`` is False."""
    cause = getattr(wrong.args[0], "reason", None) if wrong.args else None
    refused = isinstance(wrong, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(cause, NewConnectionError)
    return Answer(None, reached=not refused)


def retry_after(said: str | None, now: datetime | None = None) -> timedelta:
    """Return the header's pause, given as seconds or as a date (RFC 9110, 10.2.3); zero for an unknown form."""
    if not said:
        return timedelta()
    if said.strip().isdecimal():
        return timedelta(seconds=min(int(said[:10]), 10**9))
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return timedelta()
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(aware - (now or datetime.now(UTC)), timedelta())


def record_requests() -> None:
    """Make `recording_answers` collect the requests of this process. Repeating it is harmless. ``requests`` has no hook for all
    sessions.
    """
    send = requests.Session.send
    if hasattr(send, "__wrapped__"):
        return

    @wraps(send)
    def recording_send(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        answers = _recording.get()
        if answers is None:
            return send(self, request, **how)
        try:
            response = send(self, request, **how)
        except requests.RequestException as wrong:
            answers.append(no_answer(wrong))
            raise
        answers.append(answer_of(response, b"" if how.get("stream") else response.content[:MAX_BODY]))
        return response

    requests.Session.send = recording_send  # type: ignore[method-assign]
