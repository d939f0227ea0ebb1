"""A sign-in at the OpenID provider that is not over yet: a short-lived signed cookie, and nothing on the server."""

import hmac
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import jwt
from starlette.requests import Request
from starlette.responses import Response

from console.oidc import PendingSignIn

COOKIE = "whistle_oidc"
PATH = "/sign-in/oidc"
"""The cookie is sent to the pages of this sign-in alone."""
LIFETIME = timedelta(minutes=10)
MAX_TARGET = 1_000
"""Characters of the page that was wanted. A browser does not keep a cookie above 4,096."""
_ALGORITHM = "HS256"
_FIELDS = ["state", "nonce", "verifier", "target"]


class PendingSignIns:
    """Keeps a pending sign-in in the visitor's browser. A second one, in another tab, replaces the first."""

    def __init__(self, secret: str):
        self._key = hmac.digest(secret.encode(), b"pending sign-ins", "sha256")

    def keep(self, response: Response, pending: PendingSignIn, https: bool) -> None:
        """Set the cookie. SameSite=Lax: the browser sends it when the provider leads back."""
        kept = (
            pending if len(pending.target) <= MAX_TARGET else PendingSignIn(pending.state, pending.nonce, pending.verifier, "/")
        )
        claims = {**asdict(kept), "exp": datetime.now(UTC) + LIFETIME}
        response.set_cookie(
            COOKIE,
            jwt.encode(claims, self._key, _ALGORITHM),
            max_age=int(LIFETIME.total_seconds()),
            path=PATH,
            httponly=True,
            samesite="lax",
            secure=https,
        )

    def read(self, request: Request) -> PendingSignIn | None:
        """Return the browser's pending sign-in; None where there is none, or it has expired."""
        try:
            claims = jwt.decode(
                request.cookies.get(COOKIE, ""), self._key, [_ALGORITHM], options={"require": [*_FIELDS, "exp"]}
            )
        except jwt.PyJWTError:
            return None
        return PendingSignIn(**{name: claims[name] for name in _FIELDS})

    def forget(self, response: Response) -> None:
        """Remove the cookie: a pending sign-in is answered once."""
        response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
