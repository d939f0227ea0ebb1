"""The client of the deployment's OpenID provider: the authorization code flow with PKCE, by Authlib.

The claims that are verified are those of OpenID Connect Core 1.0, section 3.1.3.7. Nothing of a token or code is logged.
"""

import logging
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import StarletteOAuth2App
from joserfc.errors import JoseError

from console.settings import OidcSettings

log = logging.getLogger(__name__)

TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
METADATA_SECONDS = 10.0
"""The time after which the provider's metadata and keys are read again: nobody is led to a provider that is down."""
LEEWAY_SECONDS = 60
"""The difference between the provider's clock and ours that is tolerated."""
SIGNATURES = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"})
"""The accepted signatures, all of which need the provider's private key."""
SCOPES = {"sub": "openid", "email": "openid email"}
"""The scope that has the provider send a claim; `profile` for any other claim."""
TRANSIENT = frozenset({"server_error", "temporarily_unavailable"})
"""The errors of RFC 6749 with which a provider says that it cannot answer now."""
T = TypeVar("T")


class ProviderUnavailable(Exception):
    """Raised where the provider does not answer, or not with what its issuer's metadata have to be."""


class SignInRefused(Exception):
    """Raised where the provider refuses the sign-in, or its answer does not prove who signed in."""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that was begun: what the provider's answer is compared with, and the page that was wanted."""

    state: str
    nonce: str
    verifier: str
    target: str


class OpenIdProvider:
    """Asks the provider. One instance serves the process and remembers the provider's metadata and keys."""

    def __init__(self, settings: OidcSettings, transport: httpx2.AsyncBaseTransport | None = None):
        self.name = settings.name
        self._settings = settings
        self._app = _app(settings, transport)

    async def begin(self, redirect_uri: str, target: str) -> tuple[str, PendingSignIn]:
        """Return the provider's address to lead the browser to, and what its answer needs. Raises ProviderUnavailable."""
        try:
            begun = await self._ask(self._app.create_authorization_url(redirect_uri))
        except SignInRefused as unusable:
            raise ProviderUnavailable(str(unusable)) from None
        return begun["url"], PendingSignIn(begun["state"], begun["nonce"], begun["code_verifier"], target)

    async def identity(self, answer: Mapping[str, str], pending: PendingSignIn, redirect_uri: str) -> str | None:
        """Return who signed in: the value of the deployment's claim; None where the provider states none.

        ``answer`` is the query of the callback. Raises ProviderUnavailable, SignInRefused.
        """
        code = _code(answer, self._settings.issuer)
        claims = await self._ask(self._claims(code, pending, redirect_uri))
        return _identity(claims, self._settings.claim)

    async def _claims(self, code: str, pending: PendingSignIn, redirect_uri: str) -> Mapping[str, Any]:
        app, claim = self._app, self._settings.claim
        token = await app.fetch_access_token(redirect_uri, code=code, code_verifier=pending.verifier)
        stated = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        claims = await app.parse_id_token(token, pending.nonce, stated, leeway=LEEWAY_SECONDS)
        if claims is None:
            raise SignInRefused("the answer has no ID token")
        needed = {claim, "email_verified"} if claim == "email" else {claim}
        if needed <= claims.keys() or "userinfo_endpoint" not in await app.load_server_metadata():
            return dict(claims)
        more = await app.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise SignInRefused("the user info is of somebody else")
        return {**more, **claims}

    async def _ask(self, asked: Awaitable[T]) -> T:
        """Return an answer. The library's errors may repeat what was sent, so only their type is passed on."""
        try:
            return await asked
        except (httpx2.HTTPError, httpx2.InvalidURL) as wrong:
            log.warning("the OpenID provider %s does not answer: %s", self._settings.issuer, type(wrong).__name__)
            raise ProviderUnavailable(type(wrong).__name__) from None
        except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError, RuntimeError) as wrong:
            raise SignInRefused(getattr(wrong, "error", None) or type(wrong).__name__) from None


class _App(StarletteOAuth2App):  # type: ignore[misc]
    """Authlib's client, with metadata that are checked and read again from time to time."""

    issuer: str
    server_metadata: dict[str, Any]

    async def load_server_metadata(self) -> dict[str, Any]:
        if self.server_metadata.get("_loaded_at", 0.0) < time.time() - METADATA_SECONDS:
            self.server_metadata = {}
            loaded = await super().load_server_metadata()
            self.server_metadata = {}  # nothing is kept of what does not pass
            self.server_metadata = self._checked(loaded)
        return self.server_metadata

    def _checked(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """Return the metadata with signatures alone that are accepted. Raises ProviderUnavailable for another issuer."""
        stated = metadata.get("issuer")
        if stated != self.issuer:
            log.error("WHISTLE_OIDC_ISSUER is %s, but the provider there says that it is %r", self.issuer, stated)
            raise ProviderUnavailable("another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_form = self.client_secret and "client_secret_basic" not in methods and "client_secret_post" in methods
        return {
            **metadata,
            "id_token_signing_alg_values_supported": sorted(SIGNATURES.intersection(offered)) or ["RS256"],
            **({"token_endpoint_auth_method": "client_secret_post"} if by_form else {}),
        }


def _app(settings: OidcSettings, transport: httpx2.AsyncBaseTransport | None) -> _App:
    logging.getLogger("authlib").setLevel(logging.INFO)  # below, it logs the code verifier
    options = {
        "scope": SCOPES.get(settings.claim, "openid profile"),
        "code_challenge_method": "S256",
        "timeout": TIMEOUT,
        "transport": transport,
        "verify": httpx2.create_ssl_context(),  # made once: it takes some tens of milliseconds
    }
    made = _App(
        framework=None,
        name="provider",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs=options,
        user_agent="whistle",
    )
    made.issuer = settings.issuer
    return made


def _code(answer: Mapping[str, str], issuer: str) -> str:
    """Return the code of the provider's answer. Raises ProviderUnavailable, SignInRefused."""
    error = answer.get("error")
    if error in TRANSIENT:
        raise ProviderUnavailable(error)
    if error or not answer.get("code"):
        raise SignInRefused("the provider refused" if error else "no code")
    if answer.get("iss", issuer) != issuer:  # RFC 9207
        raise SignInRefused("the answer is of another issuer")
    return answer["code"]


def _identity(claims: Mapping[str, Any], claim: str) -> str | None:
    """Return the value of the claim. An address that the provider has not verified names nobody."""
    value = claims.get(claim)
    if not isinstance(value, str) or not value or (claim == "email" and claims.get("email_verified") is not True):
        log.warning("the OpenID provider states no usable claim %s", claim)
        return None
    return value
