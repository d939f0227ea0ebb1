"""Signed links. Each lets its holder do one thing to one subject, once.

A link states the generation of work for which it was made and its expiry: a link of an earlier notice has no effect on work
that was taken up again since. Messages to the holder are in both languages, Chinese first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from chassis.configuration.settings import Settings
from chassis.effects import Refused

_OF_ANOTHER = "link: signed for another subject or purpose"
FIRST = 1
"""The generation of links that carry none, as version 0.1 made them."""


class BadLink(Refused):
    """A token with a wrong signature, or signed for another subject or purpose."""


class LinkOver(Refused):
    """A correctly signed token that has no effect any more. ``told`` is for its holder, in both languages."""

    zh, en = "此链接已失效。", "This link is no longer valid."

    def __init__(self) -> None:
        self.told = f"{self.zh} · {self.en}"
        super().__init__({"link": self.told})


class OutdatedLink(LinkOver):
    """The subject was taken up again after the link was made."""

    zh = "此链接已过时：发出之后，事项已重新办理。请使用最近一条通知中的链接。"
    en = "This link is out of date: the matter was taken up again after it was sent. Please use the link of the latest notice."


class ExpiredLink(LinkOver):
    """The link has expired."""

    zh = "此链接已过期。如问题仍未解决，请重新反映。"
    en = "The time for this link is over. If the problem remains, please report it again."


class UsedLink(LinkOver):
    """The action of the link was done already, or the subject does not wait for it."""

    zh = "此链接已使用过，或该事项现在无需此操作。"
    en = "This link was used already, or the matter does not wait for it."


@dataclass(frozen=True, slots=True)
class Grant:
    """The content of a verified token."""

    generation: int
    until: datetime | None
    """Business time; None for a token without expiry."""
    purpose: str = ""

    def require(self, generation: int, at: datetime) -> None:
        """Check that the token may be used for this generation of its subject. Raises OutdatedLink, ExpiredLink."""
        if self.generation != generation:
            raise OutdatedLink
        self.require_unexpired(at)

    def require_unexpired(self, at: datetime) -> None:
        """Check that the token has not expired, whatever its generation. Raises ExpiredLink."""
        if self.until is not None and at > self.until:
            raise ExpiredLink


class Links:
    """Signs and reads links. All services of a deployment share ``secret``; a link expires after ``valid``."""

    def __init__(self, secret: str, valid: timedelta = timedelta(days=30)):
        self._signer = URLSafeSerializer(secret, salt="link")
        self._valid = valid

    def sign(self, subject: str, purpose: str, generation: int, at: datetime) -> str:
        """Return a token, made at ``at`` (business time), that lets its holder do one thing to a subject in this generation."""
        until = int((at + self._valid).timestamp())
        token = self._signer.dumps([subject, purpose, generation, until])
        assert isinstance(token, str)
        return token

    def read(self, token: str, subject: str, purpose: str) -> Grant:
        """Return the content of a token for this subject and purpose. Raises BadLink; never repeats the token."""
        grant = self.read_any(token, subject)
        if grant.purpose != purpose:
            raise BadLink(_OF_ANOTHER)
        return grant

    def read_any(self, token: str, subject: str) -> Grant:
        """Return the content of a token for this subject and any purpose. Raises BadLink; never repeats the token."""
        try:
            signed = self._signer.loads(token)
        except BadSignature:
            raise BadLink("link: not signed by us") from None
        if signed[0] != subject:
            raise BadLink(_OF_ANOTHER)
        if len(signed) == 2:  # of version 0.1: valid until the subject is taken up again
            return Grant(FIRST, None, signed[1])
        _, purpose, generation, until = signed
        return Grant(generation, datetime.fromtimestamp(until, UTC), purpose)


def links_of(settings: Settings) -> Links:
    """Return the links of a deployment."""
    return Links(settings.secret, timedelta(days=settings.link_days))
