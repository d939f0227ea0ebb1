"""Signed links: each lets its holder do one thing to one subject, and nothing else."""

from itsdangerous import BadSignature, URLSafeSerializer

from chassis.outcome import Refused


class BadLink(Refused):
    """A token that we did not sign, or signed for something else."""


class Links:
    """Signs and checks. ``secret`` is the deployment's, which all its services share."""

    def __init__(self, secret: str):
        self._signer = URLSafeSerializer(secret, salt="link")

    def sign(self, subject: str, purpose: str) -> str:
        """A token that lets its holder do one thing to one subject."""
        token = self._signer.dumps([subject, purpose])
        assert isinstance(token, str)
        return token

    def check(self, token: str, subject: str, purpose: str) -> None:
        """Raises BadLink; never repeats the token."""
        try:
            signed = self._signer.loads(token)
        except BadSignature:
            raise BadLink("link: not signed by us") from None
        if signed != [subject, purpose]:
            raise BadLink("link: signed for another subject or purpose")
