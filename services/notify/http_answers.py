"""HTTP answers of gateways: what came back for one attempt, recorded below apprise.

Apprise's plugins turn an answer into yes or no, and most of them look at the status alone. What a body says is needed to tell a
message that was taken from one that was not, so `recorded` hears every answer that ``requests`` gives while an attempt runs.
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
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` is None where nothing did; ``reached`` is False where nothing was sent either."""

    status: int | None
    reached: bool = True
    wait: timedelta = timedelta()
    body: bytes = b""

    @property
    def taken(self) -> bool:
        """Whether the gateway has it, as far as the status says."""
        return self.status is not None and 200 <= self.status < 300


_recording: ContextVar[list[Answer] | None] = ContextVar("recording", default=None)


@contextmanager
def recorded() -> Iterator[list[Answer]]:
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
    """Return the answer that did not come. Where no connection came about nothing can have arrived: ``reached`` is False."""
    cause = getattr(wrong.args[0], "reason", None) if wrong.args else None
    refused = isinstance(wrong, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(cause, NewConnectionError)
    return Answer(None, reached=not refused)


def retry_after(said: str | None, now: datetime | None = None) -> timedelta:
    """What the header says, as seconds or as a date (RFC 9110, 10.2.3); nothing where it says nothing we understand."""
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
    """Make `recorded` hear the requests of this process; again is harmless. ``requests`` has no hook for all sessions."""
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
