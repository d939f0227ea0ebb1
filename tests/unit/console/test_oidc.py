"""The answer of an OpenID provider: what proves who signed in, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from console.oidc import OpenIdProvider, PendingSignIn, ProviderUnavailable, SignInRefused
from console.settings import OidcSettings

ISSUER, CLIENT, SECRET = "https://id.example", "street", "a secret of the client, and a long one"
CALLBACK = "https://street.example/sign-in/oidc/callback"
KEY, FOREIGN_KEY = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


@dataclass
class Forger:
    """A provider that answers whatever a test wants."""

    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[httpx2.Request], httpx2.Response]] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str | None] = field(default=lambda claims: signed(claims, KEY))
    asked: dict[str, httpx2.Request] = field(default_factory=dict)
    nonce: str = ""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        path = request.url.path
        self.asked[path] = request
        own = {"/.well-known/openid-configuration": self._metadata, "/jwks": self._keys, "/token": self._token, "/me": self._me}
        return self.answers.get(path, own[path])(request)

    def _metadata(self, _: httpx2.Request) -> httpx2.Response:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        own = {"issuer": ISSUER, **{name: f"{ISSUER}/{path}" for name, path in endpoints.items()}}
        return httpx2.Response(200, json={**own, **self.metadata})

    def _keys(self, _: httpx2.Request) -> httpx2.Response:
        public = RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return httpx2.Response(200, json={"keys": [{**public, "kid": "1", "use": "sig"}]})

    def _token(self, _: httpx2.Request) -> httpx2.Response:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": "wang", "iat": now, "exp": now + 300, "nonce": self.nonce}
        stated = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        id_token = self.sign(stated)
        answer = {"access_token": "an access token", "token_type": "Bearer"}
        return httpx2.Response(200, json={**answer, **({"id_token": id_token} if id_token else {})})

    def _me(self, _: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"sub": "wang", "email": "wang@street.example", "email_verified": True})


def signed(claims: dict[str, Any], key: Any, algorithm: str = "RS256", kid: str = "1") -> str:
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def sign_in(
    forger: Forger, claim: str = "sub", secret: str | None = SECRET, **answer: str
) -> tuple[str | None, str, PendingSignIn]:
    """Return who signed in, the address at the provider, and the pending sign-in."""

    async def signed_in() -> tuple[str | None, str, PendingSignIn]:
        settings = OidcSettings(ISSUER, CLIENT, secret, claim, "id.example")
        provider = OpenIdProvider(settings, httpx2.MockTransport(forger))
        address, pending = await provider.begin(CALLBACK, "/queue")
        forger.nonce = pending.nonce
        return await provider.identity(answer or {"code": "a code"}, pending, CALLBACK), address, pending

    return asyncio.run(signed_in())


def test_the_flow_has_a_proof_key_state_and_nonce() -> None:
    forger = Forger()
    identity, address, pending = sign_in(forger)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    given = {name: values[0] for name, values in parse_qs(forger.asked["/token"].content.decode()).items()}
    digest = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert identity == "wang"
    assert address.startswith(f"{ISSUER}/authorize?")
    assert sent == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": digest,
        "code_challenge_method": "S256",
    }
    assert (given["code"], given["redirect_uri"], given["code_verifier"]) == ("a code", CALLBACK, pending.verifier)
    assert pending.target == "/queue"
    assert min(map(len, (pending.state, pending.nonce))) >= 20
    assert len(pending.verifier) >= 43


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another client"},
        {"aud": "another client", "azp": CLIENT},
        {"aud": ["another client"]},
        {"aud": None},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"nonce": None, "nonce_supported": False},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
    ],
    ids=str,
)
def test_an_id_token_with_wrong_claims_signs_nobody_in(claims: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused):
        sign_in(Forger(claims=claims))


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "another"], "azp": CLIENT}], ids=str)
def test_what_the_specification_allows_is_accepted(claims: dict[str, Any]) -> None:
    assert sign_in(Forger(claims=claims))[0] == "wang"


def test_a_token_that_has_just_expired_is_accepted() -> None:
    """Clocks differ by seconds; and this process may be slow."""
    assert sign_in(Forger(claims={"exp": int(time.time()) - 5}))[0] == "wang"


def _signed_by_public_key(claims: dict[str, Any]) -> str:
    """Return a token whose HMAC key is the provider's public key (PyJWT itself refuses to make one)."""
    parts = [{"alg": "HS256", "kid": "1"}, claims]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mark = hmac.digest(public, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "sign",
    [
        lambda claims: signed(claims, FOREIGN_KEY),
        lambda claims: signed(claims, FOREIGN_KEY, kid="2"),
        lambda claims: jwt.encode(claims, None, "none"),
        lambda claims: signed(claims, SECRET, "HS256"),
        _signed_by_public_key,
        lambda claims: signed(claims, KEY) + "A",
        lambda _: "no token",
        lambda _: None,
    ],
    ids=["foreign key", "unknown key", "none", "client secret", "public key", "changed", "no JWT", "missing"],
)
def test_an_id_token_that_the_provider_has_not_signed_signs_nobody_in(sign: Callable[[dict[str, Any]], str | None]) -> None:
    every = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    with pytest.raises(SignInRefused):
        sign_in(Forger(metadata=every, sign=sign))


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ({"error": "access_denied"}, SignInRefused),
        ({"error": "temporarily_unavailable"}, ProviderUnavailable),
        ({"state": "s"}, SignInRefused),
        ({"code": "a code", "iss": "https://evil.example"}, SignInRefused),
    ],
)
def test_an_answer_without_a_code_of_this_provider_is_not_asked_about(answer: dict[str, str], raised: type[Exception]) -> None:
    forger = Forger()
    with pytest.raises(raised):
        sign_in(forger, **answer)
    assert "/token" not in forger.asked


_METADATA_WITHOUT_SENSE = {"issuer": ISSUER, "authorization_endpoint": ISSUER, "id_token_signing_alg_values_supported": 7}


def _broken(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    ("path", "answer", "raised"),
    [
        ("/.well-known/openid-configuration", _broken, ProviderUnavailable),
        ("/.well-known/openid-configuration", lambda _: httpx2.Response(404), ProviderUnavailable),
        ("/.well-known/openid-configuration", lambda _: httpx2.Response(302, headers={"location": "/"}), ProviderUnavailable),
        ("/.well-known/openid-configuration", lambda _: httpx2.Response(200, text="<html>"), ProviderUnavailable),
        ("/.well-known/openid-configuration", lambda _: httpx2.Response(200, json=[]), ProviderUnavailable),
        (
            "/.well-known/openid-configuration",
            lambda _: httpx2.Response(200, json=_METADATA_WITHOUT_SENSE),
            ProviderUnavailable,
        ),
        ("/token", _broken, ProviderUnavailable),
        ("/token", lambda _: httpx2.Response(503), ProviderUnavailable),
        ("/token", lambda _: httpx2.Response(400, json={"error": "invalid_grant"}), SignInRefused),
        ("/token", lambda _: httpx2.Response(200, json=[]), SignInRefused),
        ("/jwks", _broken, ProviderUnavailable),
        ("/jwks", lambda _: httpx2.Response(200, json={}), SignInRefused),
    ],
)
def test_a_provider_that_does_not_answer_is_told_from_one_that_refuses(
    path: str, answer: Callable[[httpx2.Request], httpx2.Response], raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        sign_in(Forger(answers={path: answer}))


def test_a_provider_of_another_issuer_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ProviderUnavailable):
        sign_in(Forger(metadata={"issuer": f"{ISSUER}/"}))
    assert f"WHISTLE_OIDC_ISSUER is {ISSUER}, but the provider there says that it is '{ISSUER}/'" in caplog.text


def test_a_claim_that_the_id_token_lacks_is_asked_for() -> None:
    forger = Forger(metadata={"userinfo_endpoint": f"{ISSUER}/me"})
    identity, address, _ = sign_in(forger, "email")
    assert identity == "wang@street.example"
    assert parse_qs(urlsplit(address).query)["scope"] == ["openid email"]
    assert forger.asked["/me"].headers["authorization"] == "Bearer an access token"


def test_user_info_of_somebody_else_is_refused() -> None:
    with pytest.raises(SignInRefused):
        sign_in(Forger(metadata={"userinfo_endpoint": f"{ISSUER}/me"}, claims={"sub": "li"}), "email")


@pytest.mark.parametrize(
    ("claim", "claims", "identity"),
    [
        ("email", {"email": "wang@street.example", "email_verified": True}, "wang@street.example"),
        ("email", {"email": "wang@street.example", "email_verified": False}, None),
        ("email", {"email": "wang@street.example", "email_verified": "true"}, None),
        ("email", {"email": "wang@street.example"}, None),
        ("employee", {"employee": "0017"}, "0017"),
        ("employee", {"employee": 17}, None),
        ("employee", {"employee": ["0017"]}, None),
        ("employee", {"employee": ""}, None),
        ("employee", {}, None),
    ],
)
def test_the_claim_of_the_settings_names_the_account(claim: str, claims: dict[str, Any], identity: str | None) -> None:
    assert sign_in(Forger(claims=claims), claim)[0] == identity


@pytest.mark.parametrize(
    ("supported", "secret", "header", "form"),
    [
        (None, SECRET, True, False),
        (["client_secret_post", "client_secret_basic"], SECRET, True, False),
        (["client_secret_post"], SECRET, False, True),
        (["client_secret_post"], None, False, False),
    ],
)
def test_the_console_proves_itself_as_the_provider_wants(
    supported: list[str] | None, secret: str | None, header: bool, form: bool
) -> None:
    forger = Forger(metadata={"token_endpoint_auth_methods_supported": supported} if supported else {})
    sign_in(forger, secret=secret)
    asked = forger.asked["/token"]
    assert ("authorization" in asked.headers, b"client_secret" in asked.content) == (header, form)


def test_neither_code_nor_token_nor_proof_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []

    def sign(claims: dict[str, Any]) -> str:
        tokens.append(signed(claims, KEY))
        return tokens[-1]

    _, _, pending = sign_in(Forger(sign=sign))
    with pytest.raises(SignInRefused):
        sign_in(Forger(sign=sign, claims={"aud": "another client"}))
    private = ("a code", "an access token", SECRET, pending.state, pending.nonce, pending.verifier, *tokens)
    assert not [one for one in private if one in caplog.text]
