"""Handing one notice to its channel, by apprise. Nothing here touches the store, and nothing private reaches a log line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from string import Template
from typing import Any
from urllib.parse import quote, urlsplit

import eventlet
from apprise import Apprise

from services.notify.domain.channels import LOG, Channel
from services.notify.domain.fitting import fit
from services.notify.domain.notice import Notice

log = logging.getLogger(__name__)

KEY_HEADER = "X-Idempotency-Key"
_WEBHOOKS = ("json", "jsons")
_heard: ContextVar[list[int] | None] = ContextVar("whistle_apprise_status", default=None)


class NotSent(Exception):
    """An attempt failed. ``reason`` is a code; ``status`` the gateway's HTTP status, where it had one."""

    def __init__(self, reason: str, status: int | None = None):
        super().__init__(reason)
        self.reason, self.status = reason, status


class TooSlow(Exception):
    """The attempt's time is over."""


class _Ear(logging.Handler):
    """Apprise answers yes or no, and says the HTTP status to its log alone: it is heard here and written nowhere."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _heard.get()
        if heard is not None and record.args:
            heard += [one for one in record.args if isinstance(one, int) and 100 <= one <= 599]


def listen_to_apprise() -> None:
    """Its own log lines may name addresses: none of them goes on."""
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [_Ear()]
    logger.propagate = False
    logger.setLevel(logging.WARNING)


listen_to_apprise()


def send(channel: Channel, notice: Notice) -> None:
    """One attempt within the channel's time. Raises NotSent."""
    if channel.via == LOG:
        ids = {"notice": notice.id, "ticket": notice.ticket, "template": notice.template, "audience": notice.audience}
        log.info("notice", extra=ids)
        return
    with _status() as heard:
        try:
            with eventlet.Timeout(channel.timeout.total_seconds(), TooSlow()):
                taken = _hand_over(channel, notice)
        except TooSlow:
            raise NotSent("timeout") from None
        except NotSent:
            raise
        except Exception as wrong:
            raise NotSent(type(wrong).__name__) from None
        if not taken:
            status = heard[-1] if heard else None
            raise NotSent(f"http_{status}" if status else "unreachable", status)


def _hand_over(channel: Channel, notice: Notice) -> bool:
    to = Apprise.instantiate(url_of(channel, notice), suppress_exceptions=True)
    if to is None:
        raise NotSent("bad_address")
    return bool(to.notify(body=fit(notice.text, channel.size)))


def url_of(channel: Channel, notice: Notice) -> str:
    """The apprise address: the recipient's address quoted, the attempt's time, and for webhooks the idempotency key."""
    values = {"address": quote(notice.address or "", safe=""), "key": quote(notice.id, safe="")}
    url = Template(channel.via).substitute(values)
    seconds = f"{channel.timeout.total_seconds():g}"
    more = [f"cto={seconds}", f"rto={seconds}"]
    if urlsplit(url).scheme in _WEBHOOKS:
        more.append(f"%2B{KEY_HEADER}={values['key']}")
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(more)}"


@contextmanager
def _status() -> Iterator[list[int]]:
    heard: list[int] = []
    before: Any = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(before)
