"""Handing one notice to its channel, by apprise. Nothing here touches the store, and nothing private reaches a log line."""

import logging
from string import Template
from urllib.parse import quote, urlsplit

import eventlet
from apprise import Apprise

from services.notify import webhook
from services.notify.domain.attempts import UNKNOWN, Failure
from services.notify.domain.channels import LOG, Channel, Channels
from services.notify.domain.fitting import fit
from services.notify.domain.notice import Notice

log = logging.getLogger(__name__)

KEY_HEADER = "Idempotency-Key"
_OUR_SCHEMES = (webhook.PLAIN, webhook.SECURE)


class NotSent(Exception):
    """An attempt came to nothing."""

    def __init__(self, failure: Failure):
        super().__init__(failure.reason)
        self.failure = failure


class TooSlow(Exception):
    """The attempt's time is over."""


def silence_apprise() -> None:
    """Its own log lines may name addresses: none of them goes on."""
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


silence_apprise()
webhook.register()


def send(channel: Channel, notice: Notice, channels: Channels) -> None:
    """One attempt within the channel's time. Raises NotSent."""
    if channel.via == LOG:
        ids = {"notice": notice.id, "ticket": notice.ticket, "template": notice.template, "audience": notice.audience}
        log.info("notice", extra=ids)
        return
    try:
        # the plugins bound each wait on a socket; this bounds the whole of it
        with eventlet.Timeout(channel.timeout.total_seconds(), TooSlow()):
            _hand_over(channel, notice, channels)
    except NotSent:
        raise
    except TooSlow:
        raise NotSent(Failure(UNKNOWN)) from None
    except Exception as wrong:
        raise NotSent(Failure(type(wrong).__name__)) from None


def failure_of(answer: webhook.Answer, channels: Channels) -> Failure:
    """What an answer other than "taken" means: a silence is unknown, and a refusal final unless it passes."""
    if answer.status is None:
        return Failure(UNKNOWN if answer.reached else "unreachable")
    return Failure(f"http_{answer.status}", channels.final(answer.status), answer.wait)


def _hand_over(channel: Channel, notice: Notice, channels: Channels) -> None:
    to = Apprise.instantiate(url_of(channel, notice), suppress_exceptions=True)
    if to is None:
        raise NotSent(Failure("bad_address", final=True))
    taken = to.notify(body=fit(notice.text, channel.size))
    if taken:
        return
    answer = to.answer if isinstance(to, webhook.Webhook) else None
    # of a plugin that is not ours we know no more than that it did not work
    raise NotSent(failure_of(answer, channels) if answer else Failure("refused"))


def url_of(channel: Channel, notice: Notice) -> str:
    """The apprise address: the recipient's address quoted, the attempt's time, and for webhooks the idempotency key."""
    key = quote(notice.key, safe="")
    url = Template(channel.via).substitute({"address": quote(notice.address or "", safe=""), "key": key})
    seconds = f"{channel.timeout.total_seconds():g}"
    more = [f"cto={seconds}", f"rto={seconds}"]
    if urlsplit(url).scheme in _OUR_SCHEMES:
        more.append(f"%2B{KEY_HEADER}={key}")
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(more)}"
