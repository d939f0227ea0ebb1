"""``webhook://`` and ``webhooks://``: an apprise plugin of our own that posts a notice as JSON and keeps what was answered.

Apprise tells its callers yes or no. We must tell a refusal that is final from one that passes, and both from a silence.
Addresses are read as those of apprise's ``json://``: ``:name=value`` adds to the body, ``+name=value`` a header and
``-name=value`` to the query.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from json import dumps
from typing import Any

import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins.custom_json import NotifyJSON
from urllib3.exceptions import NewConnectionError

from services.notify.sending import PLAIN, SECURE


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` is None where nothing did; ``reached`` is False where nothing was sent either."""

    status: int | None
    reached: bool = True
    wait: timedelta = timedelta()

    @property
    def taken(self) -> bool:
        """Whether the gateway has it."""
        return self.status is not None and 200 <= self.status < 300


class Webhook(NotifyJSON):
    """One notice's way to one gateway: an instance is used for one attempt. ``answer`` is None before it."""

    service_name = "Webhook"
    protocol, secure_protocol = PLAIN, SECURE
    body_maxlen = 10**6  # sizes are our business: the channel's

    answer: Answer | None = None

    def send(self, body: str, *_: Any, **__: Any) -> bool:
        """Post it. Redirects are not followed, and nothing but status and headers is read: an answer cannot take long."""
        try:
            with requests.request(
                str(self.method),
                self._url(),
                data=dumps({**self.payload_extras, "message": body}),
                params=self.params,
                headers={"Content-Type": "application/json", **self.headers},
                auth=(self.user, self.password or "") if self.user else None,
                verify=self.verify_certificate,
                timeout=self.request_timeout,
                allow_redirects=False,
                stream=True,
            ) as said:
                self.answer = Answer(said.status_code, wait=retry_after(said.headers.get("Retry-After")))
        except requests.RequestException as wrong:
            self.answer = Answer(None, reached=not _refused(wrong))
        return self.answer.taken

    def _url(self) -> str:
        port = f":{self.port}" if isinstance(self.port, int) else ""
        return f"{'https' if self.secure else 'http'}://{self.host}{port}{self.fullpath}"


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


def _refused(wrong: requests.RequestException) -> bool:
    """Whether no connection came about, so that nothing can have arrived."""
    cause = getattr(wrong.args[0], "reason", None) if wrong.args else None
    return isinstance(wrong, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(cause, NewConnectionError)


def register() -> None:
    """Make the two schemes known to apprise; again is harmless."""
    plugins = NotificationManager()
    if PLAIN not in plugins:
        plugins.add(Webhook)
