"""``webhook://`` and ``webhooks://``: our own apprise plugin, which posts a notice as JSON and keeps the answer.

Apprise tells its callers yes or no. We must tell a refusal that is final from one that passes, and both from a silence.
Addresses are read as those of apprise's ``json://``: ``:name=value`` adds to the body, ``+name=value`` a header and
``-name=value`` to the query.
"""

from json import dumps
from typing import Any

import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins.custom_json import NotifyJSON
from urllib3.exceptions import HTTPError

from services.notify.transport.http_answers import MAX_BODY, Answer, answer_of, no_answer
from services.notify.transport.webhook_schemes import SECURE_WEBHOOK, WEBHOOK


class Webhook(NotifyJSON):
    """The plugin of one attempt at one gateway. ``answer`` is None before the attempt."""

    service_name = "Webhook"
    protocol, secure_protocol = WEBHOOK, SECURE_WEBHOOK
    body_maxlen = 10**6  # sizes are our business: the channel's

    answer: Answer | None = None

    def send(self, body: str, *_: Any, **__: Any) -> bool:
        """Post the notice. Redirects are not followed, and at most `MAX_BODY` bytes of the answer are read."""
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
                self.answer = answer_of(said)
                if self.answer.taken:
                    self.answer = answer_of(said, said.raw.read(MAX_BODY, decode_content=True))
        except requests.RequestException as wrong:
            self.answer = no_answer(wrong)
        except HTTPError:  # the answer began and did not end
            self.answer = Answer(None)
        return self.answer.taken

    def _url(self) -> str:
        port = f":{self.port}" if isinstance(self.port, int) else ""
        return f"{'https' if self.secure else 'http'}://{self.host}{port}{self.fullpath}"


def register() -> None:
    """Register the two schemes with apprise. Repeating it is harmless."""
    plugins = NotificationManager()
    if WEBHOOK not in plugins:
        plugins.add(Webhook)
