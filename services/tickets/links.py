"""The signed links by which a resident acts: each is for one ticket and one purpose, and nothing else."""

from itsdangerous import BadSignature, URLSafeSerializer

from chassis.outcome import Refused

RATE = "rate"
"""The purpose: say whether the matter is solved."""


class BadLink(Refused):
    """A token that we did not sign, or signed for something else."""


class Links:
    """Signs and checks. ``secret`` is the deployment's."""

    def __init__(self, secret: str):
        self._signer = URLSafeSerializer(secret, salt="resident-link")

    def sign(self, ticket: str, purpose: str) -> str:
        """A token that lets its holder do one thing to one ticket."""
        token = self._signer.dumps([ticket, purpose])
        return token if isinstance(token, str) else token.decode()

    def check(self, token: str, ticket: str, purpose: str) -> None:
        """Raises BadLink; never repeats the token."""
        try:
            signed = self._signer.loads(token)
        except BadSignature:
            raise BadLink("link: not signed by us") from None
        if signed != [ticket, purpose]:
            raise BadLink("link: signed for another ticket or purpose")
