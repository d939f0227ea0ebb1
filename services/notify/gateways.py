"""The ways out that apprise knows, and our own webhooks. Nothing private reaches a log line.

Imported only where a channel of the deployment is more than the log: apprise takes as long to import as the rest of the
service, with its hundred-odd ways out.
"""

import logging
from urllib.parse import urlsplit

from apprise import Apprise, NotifyFormat

from services.notify import webhook
from services.notify.domain.answers import SuccessRule, rule_of
from services.notify.domain.attempts import BAD_ADDRESS, UNKNOWN, Failure
from services.notify.domain.channels import MAIL, Channels
from services.notify.http_answers import Answer, record_requests, recorded


def silence_apprise() -> None:
    """Its own log lines may name addresses: none of them goes on."""
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


silence_apprise()
webhook.register()
record_requests()


def hand_over(url: str, subject: str, body: str, channels: Channels, success: SuccessRule | None = None) -> Failure | None:
    """Make one attempt at an apprise address with a plain text; None where it was taken.

    ``success`` is the channel's own rule for the answer's body, where it has one; otherwise it is that of the address's scheme.
    """
    to = Apprise.instantiate(url, suppress_exceptions=True)
    if to is None:
        return Failure(BAD_ADDRESS, final=True)
    scheme = urlsplit(url).scheme.lower()
    with recorded() as answers:
        # a body whose format is not declared goes out as whatever the plugin prefers: for e-mail that is HTML
        taken = to.notify(body=body, title=subject if scheme in MAIL else "", body_format=NotifyFormat.TEXT)
    answer = to.answer if isinstance(to, webhook.Webhook) else answers[-1] if answers else None
    return _failure(taken, answer, channels, success or rule_of(scheme))


def _failure(taken: bool, answer: Answer | None, channels: Channels, success: SuccessRule) -> Failure | None:
    """What went wrong: by the HTTP answer where there is one, and otherwise by the plugin's yes or no."""
    if answer is None:
        return None if taken else Failure("refused")
    if not answer.taken:
        # a plugin that says yes has made its own sense of it, by another request for example
        return None if taken else failure_of(answer, channels)
    reason = success.refusal(answer.body)
    if reason is not None:
        return Failure(reason, wait=answer.wait)
    return None if taken else Failure("refused")


def failure_of(answer: Answer, channels: Channels) -> Failure:
    """What an answer other than "taken" means: a silence is unknown, and a refusal final unless it passes."""
    if answer.status is None:
        return Failure(UNKNOWN if answer.reached else "unreachable")
    return Failure(f"http_{answer.status}", channels.final(answer.status), answer.wait)
