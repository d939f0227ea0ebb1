"""The ways out that apprise knows, and our own webhooks. Nothing private reaches a log line.

Imported only where a channel of the deployment is more than the log: apprise takes as long to import as the rest of the
service, with its hundred-odd ways out.
"""

import logging

from apprise import Apprise

from services.notify import webhook
from services.notify.domain.attempts import UNKNOWN, Failure
from services.notify.domain.channels import Channels


def silence_apprise() -> None:
    """Its own log lines may name addresses: none of them goes on."""
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


silence_apprise()
webhook.register()


def hand_over(url: str, body: str, channels: Channels) -> Failure | None:
    """One attempt at an apprise address; None where it was taken."""
    to = Apprise.instantiate(url, suppress_exceptions=True)
    if to is None:
        return Failure("bad_address", final=True)
    if to.notify(body=body):
        return None
    answer = to.answer if isinstance(to, webhook.Webhook) else None
    # of a plugin that is not ours we know no more than that it did not work
    return failure_of(answer, channels) if answer else Failure("refused")


def failure_of(answer: webhook.Answer, channels: Channels) -> Failure:
    """What an answer other than "taken" means: a silence is unknown, and a refusal final unless it passes."""
    if answer.status is None:
        return Failure(UNKNOWN if answer.reached else "unreachable")
    return Failure(f"http_{answer.status}", channels.final(answer.status), answer.wait)
