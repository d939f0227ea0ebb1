"""The session of a signed-in person: a cookie that holds the session token, and nothing on the server."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from chassis.configuration.identities import Actor, Identities
from chassis.session_tokens import InvalidSession, SessionTokens

COOKIE = "whistle_session"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: the account, the token that speaks for it, and the token that its forms carry."""

    account: Actor
    token: str
    csrf: str

    @property
    def name(self) -> str:
        """Return what to call the account on a page."""
        return self.account.name or self.account.id

    def has(self, *roles: str) -> bool:
        """Return whether the account has one of these roles."""
        return not self.account.roles.isdisjoint(roles)


class Sessions:
    """Starts, reads and ends sessions. They last for ``lifetime`` and cannot be prolonged."""

    def __init__(self, secret: str, identities: Identities, lifetime: timedelta):
        self._tokens, self._identities, self._lifetime = SessionTokens(secret), identities, lifetime
        self._csrf_key = hmac.digest(secret.encode(), b"form tokens", "sha256")

    def start(self, response: Response, account: str, https: bool) -> None:
        """Set the cookie of a new session. Over ``https`` the browser never sends it without TLS."""
        token = self._tokens.sign(account, secrets.token_urlsafe(16), self._lifetime)
        response.set_cookie(
            COOKIE, token, max_age=int(self._lifetime.total_seconds()), httponly=True, samesite="lax", secure=https
        )

    def end(self, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")

    def person(self, request: Request) -> Person | None:
        """Return who sends the request; None without a session, or where the account was removed."""
        token = request.cookies.get(COOKIE, "")
        try:
            session = self._tokens.read(token)
        except InvalidSession:
            return None
        account = self._identities.by_id(session.account)
        return Person(account, token, self._csrf_of(session.id)) if account else None

    def account_of_identity(self, value: str) -> Actor | None:
        """Return the account of a person whom the OpenID provider has signed in; None where there is none."""
        return self._identities.by_oidc(value)

    def speak_for(self, account: str) -> str:
        """Return a short-lived token with which the console itself asks as its own account."""
        return self._tokens.sign(account, "console", timedelta(minutes=5))

    def _csrf_of(self, session: str) -> str:
        return hmac.new(self._csrf_key, session.encode(), "sha256").hexdigest()
