"""Session tokens: whom they speak for, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from chassis.configuration.identities import Identities
from chassis.session_tokens import InvalidSession, SessionTokens
from chassis.signed_links import Links

SECRET = "a secret of the tests, of 32 bytes"
ACCOUNT = {"id": "wang", "units": [], "roles": ["desk"]}
HOUR = timedelta(hours=1)


def test_a_token_names_its_account_and_session() -> None:
    tokens = SessionTokens(SECRET)
    read = tokens.read(tokens.sign("wang", "s1", HOUR))
    assert (read.account, read.id) == ("wang", "s1")
    assert timedelta(minutes=59) < read.expires - datetime.now(UTC) <= HOUR


def test_a_session_token_identifies_the_account_to_a_service() -> None:
    tokens = SessionTokens(SECRET)
    known = Identities([ACCOUNT], tokens)
    assert known.by_token(tokens.sign("wang", "s1", HOUR)) is known.by_id("wang")


def _forged(**changes: object) -> str:
    now = datetime.now(UTC)
    claims = {"iss": "whistle-console", "aud": "whistle-services", "sub": "wang", "jti": "s", "iat": now, "exp": now + HOUR}
    return jwt.encode({**claims, **changes}, SECRET.encode(), "HS256")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        SessionTokens("another secret, of somebody else").sign("wang", "s1", HOUR),
        SessionTokens(SECRET).sign("wang", "s1", -HOUR),
        _forged(),  # with the secret itself in place of the derived key
        jwt.encode({"sub": "wang"}, None, "none"),
        Links(SECRET).sign("wang", "rate", 1, datetime.now(UTC)),
    ],
    ids=["empty", "no token", "another secret", "expired", "the secret as key", "unsigned", "a link"],
)
def test_anything_else_is_refused_and_identifies_nobody(token: str) -> None:
    tokens = SessionTokens(SECRET)
    with pytest.raises(InvalidSession) as refused:
        tokens.read(token)
    assert "wang" not in str(refused.value)
    assert Identities([ACCOUNT], tokens).by_token(token) is None


def test_an_account_that_was_removed_is_nobody() -> None:
    tokens = SessionTokens(SECRET)
    assert Identities([], tokens).by_token(tokens.sign("wang", "s1", HOUR)) is None


def test_a_session_token_is_nothing_to_a_service_without_sessions() -> None:
    assert Identities([ACCOUNT]).by_token(SessionTokens(SECRET).sign("wang", "s1", HOUR)) is None
