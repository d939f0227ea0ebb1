"""Session tokens: what a signed-in person sends to the services in place of a machine's bearer token.

A token is a JWT (RFC 7519, HS256) that names an account of the identities file and expires. The web console makes it after
sign-in; every service reads it. The key is derived from the deployment's secret, so that a session token and a signed link
(`chassis.signed_links`) can never be taken for each other.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

ISSUER, AUDIENCE = "whistle-console", "whistle-services"
_ALGORITHM = "HS256"
_CLAIMS = ["iss", "aud", "sub", "exp", "iat", "jti"]


class InvalidSession(Exception):
    """Raised for a token that is not signed by this deployment, is for another audience, or has expired."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """The content of a verified token. ``id`` is random and names the session."""

    account: str
    id: str
    expires: datetime


class SessionTokens:
    """Signs and reads session tokens. All processes of a deployment share ``secret``."""

    def __init__(self, secret: str):
        self._key = hmac.digest(secret.encode(), b"session tokens", "sha256")

    def sign(self, account: str, session: str, lifetime: timedelta) -> str:
        """Return a token that speaks for an account during ``lifetime`` of machine time from now."""
        now = datetime.now(UTC)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": account, "jti": session, "iat": now, "exp": now + lifetime}
        return jwt.encode(claims, self._key, _ALGORITHM)

    def read(self, token: str) -> SessionToken:
        """Return the content of a token. Raises InvalidSession; never repeats the token."""
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options={"require": _CLAIMS})
        except jwt.PyJWTError as wrong:
            raise InvalidSession(type(wrong).__name__) from None
        return SessionToken(claims["sub"], claims["jti"], datetime.fromtimestamp(claims["exp"], UTC))


def looks_like_session(token: str) -> bool:
    """Return whether a bearer token has the form of a JWT: tokens of machines are not tried as one."""
    return token.count(".") == 2
