"""One attempt to send one notice by its channel, within the channel's time. No private data reaches a log line."""

import logging
from collections.abc import Iterable
from importlib import import_module
from string import Template
from urllib.parse import quote, urlsplit

import eventlet

from contracts.contact_points import EMAIL_MARK
from services.notify.domain.attempts import BAD_ADDRESS, TOO_LONG, UNKNOWN, Failure
from services.notify.domain.channels import LOG, MAIL, Channel, Channels
from services.notify.domain.header_fields import refused_field
from services.notify.domain.notice import Notice
from services.notify.transport.truncation import fit_text
from services.notify.transport.webhook_schemes import SECURE_WEBHOOK, WEBHOOK

log = logging.getLogger(__name__)

KEY_HEADER = "Idempotency-Key"


class NotSent(Exception):
    """Raised where an attempt failed."""

    def __init__(self, failure: Failure):
        super().__init__(failure.reason)
        self.failure = failure


class TooSlow(Exception):
    """Raised where the attempt's time is over."""


def preload(channels: Iterable[Channel]) -> None:
    """Import the gateways that the channels need, so that no first notice waits for it."""
    if any(channel.via != LOG for channel in channels):
        import_module("services.notify.transport.apprise_gateway")


def send(channel: Channel, notice: Notice, channels: Channels) -> None:
    """Make one attempt within the channel's time. Raises NotSent."""
    if channel.via == LOG:
        ids = {"notice": notice.id, "ticket": notice.ticket, "template": notice.template, "audience": notice.audience}
        log.info("notice", extra=ids)
        return
    if not _can_be_addressed(channel, notice.address):
        raise NotSent(Failure(BAD_ADDRESS, final=True))
    from services.notify.transport.apprise_gateway import attempt  # see `preload`

    subject = notice.subject or notice.ticket
    refused = refused_field({"subject": subject, "address": notice.address or ""})
    if refused:
        raise NotSent(Failure(f"line_break_in_{refused}", final=True))
    text = fit_text(notice.parts, channel.limits, channel.renders_markup)
    if text is None:
        raise NotSent(Failure(TOO_LONG, final=True))
    failure: Failure | None
    try:
        # the plugins bound each wait on a socket; this bounds the whole of it
        with eventlet.Timeout(channel.timeout.total_seconds(), TooSlow()):
            failure = attempt(url_of(channel, notice), subject, text, channels, channel.success)
    except TooSlow:
        failure = Failure(UNKNOWN)
    except Exception as wrong:
        failure = Failure(type(wrong).__name__)
    if failure:
        raise NotSent(failure)


def _can_be_addressed(channel: Channel, address: str | None) -> bool:
    """Return whether the channel reaches exactly one recipient: a mail plugin without one would write to the sender."""
    if "address" not in Template(channel.via).get_identifiers():
        return True
    if not address or not address.strip():
        return False
    return channel.scheme not in MAIL or EMAIL_MARK in address


def url_of(channel: Channel, notice: Notice) -> str:
    """Return the apprise URL with the quoted address, the time limits, and for webhooks the idempotency key."""
    key = quote(notice.key, safe="")
    parts = {"address": notice.address or "", "subject": notice.subject or notice.ticket}
    url = Template(channel.via).substitute({"key": key, **{name: quote(part, safe="") for name, part in parts.items()}})
    seconds = f"{channel.timeout.total_seconds():g}"
    more = [f"cto={seconds}", f"rto={seconds}"]
    if urlsplit(url).scheme in {WEBHOOK, SECURE_WEBHOOK}:
        more.append(f"%2B{KEY_HEADER}={key}")
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(more)}"
