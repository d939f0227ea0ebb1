"""Sending by apprise, and by our own webhooks. No private data reaches a log line.

Imported only where a channel of the deployment is more than the log: apprise takes as long to import as the rest of the
service, with its hundred-odd ways out.
"""

import logging
from urllib.parse import urlsplit

from apprise import Apprise, NotifyFormat

from services.notify.domain.attempts import BAD_ADDRESS, UNKNOWN, Failure
from services.notify.domain.channels import MAIL, Channels
from services.notify.domain.success_rules import SuccessRule, success_rule_for
from services.notify.transport import webhook
from services.notify.transport.http_answers import Answer, record_requests, recording_answers


def silence_apprise() -> None:
    """Discard apprise's own log lines, which may hold addresses."""
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


silence_apprise()
webhook.register()
record_requests()


def attempt(url: str, subject: str, body: str, channels: Channels, success: SuccessRule | None = None) -> Failure | None:
    """Make one attempt at an apprise address with a plain text. Return None where the gateway took it.

    ``success`` is the channel's own rule for the answer's body, where it has one; otherwise it is that of the address's scheme.
    """
    to = Apprise.instantiate(url, suppress_exceptions=True)
    if to is None:
        return Failure(BAD_ADDRESS, final=True)
    scheme = urlsplit(url).scheme.lower()
    with recording_answers() as answers:
        # a body whose format is not declared goes out as whatever the plugin prefers: for e-mail that is HTML
        taken = to.notify(body=body, title=subject if scheme in MAIL else "", body_format=NotifyFormat.TEXT)
    answer = to.answer if isinstance(to, webhook.Webhook) else answers[-1] if answers else None
    return _failure(taken, answer, channels, success or success_rule_for(scheme))


def _failure(taken: bool, answer: Answer | None, channels: Channels, success: SuccessRule) -> Failure | None:
    """Return the failure by the HTTP answer, or by the plugin's yes or no where there is no answer."""
    if answer is None:
        return None if taken else Failure("refused")
    if not answer.taken:
        # a plugin that says yes has made its own sense of it, by another request for example
        return None if taken else failure_from(answer, channels)
    reason = success.refusal(answer.body)
    if reason is not None:
        return Failure(reason, wait=answer.wait)
    return None if taken else Failure("refused")


def failure_from(answer: Answer, channels: Channels) -> Failure:
    """Return the failure that an HTTP answer means: no answer is unknown, and a refusal is final unless it is temporary."""
    if answer.status is None:
        return Failure(UNKNOWN if answer.reached else "unreachable")
    return Failure(f"http_{answer.status}", channels.final(answer.status), answer.wait)
