"""The settings of the console: an OpenID provider is configured whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chassis.configuration.settings import BadSettings
from console.settings import OidcSettings, read
from contracts.topology import SERVICES

GOOD = {
    "WHISTLE_IDENTITIES": "identities.yaml",
    "WHISTLE_SECRET": "sixteen letters!",
    **{f"WHISTLE_{service.upper()}_URL": f"http://{service}:8000" for service in SERVICES},
}
ISSUER, CLIENT = "https://id.example/realms/street", "street"
Environment = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing but what a test gives."""
    for name in [name for name in os.environ if name.startswith("WHISTLE_")]:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def given(environment: Environment, **values: str) -> OidcSettings | None:
    """Return the provider's settings from WHISTLE_OIDC_ and these keys."""
    for name, value in values.items():
        environment.setenv(f"WHISTLE_OIDC_{name}", value)
    return read().oidc


@pytest.mark.parametrize("values", [{}, {"ISSUER": "", "CLIENT_ID": " ", "CLIENT_SECRET": "", "CLAIM": "", "NAME": ""}])
def test_without_a_provider_people_sign_in_with_local_accounts(environment: Environment, values: dict[str, str]) -> None:
    assert given(environment, **values) is None


def test_issuer_and_client_are_enough(environment: Environment) -> None:
    assert given(environment, ISSUER=ISSUER, CLIENT_ID=CLIENT) == OidcSettings(ISSUER, CLIENT, None, "sub", "id.example")


def test_a_file_may_hold_the_secret(environment: Environment, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret\n")
    more = {"CLIENT_SECRET_FILE": str(file), "CLAIM": "email", "NAME": "街道统一认证"}
    expected = OidcSettings(ISSUER, CLIENT, "a secret", "email", "街道统一认证")
    assert given(environment, ISSUER=ISSUER, CLIENT_ID=CLIENT, **more) == expected


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ISSUER": ISSUER}, "WHISTLE_OIDC_CLIENT_ID: missing"),
        ({"CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: missing"),
        ({"CLIENT_SECRET": "a secret"}, "WHISTLE_OIDC_ISSUER and WHISTLE_OIDC_CLIENT_ID: missing"),
        ({"ISSUER": "id.example", "CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: Want an address"),
        ({"ISSUER": "http://id.example", "CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: Want an address"),
        ({"ISSUER": "https://id.example/?a=b", "CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: Want an address"),
        ({"ISSUER": "https://[", "CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: Want an address"),
        ({"ISSUER": "https:///realms", "CLIENT_ID": CLIENT}, "WHISTLE_OIDC_ISSUER: Want an address"),
    ],
)
def test_half_a_provider_is_refused_by_the_name_of_what_is_missing(
    environment: Environment, values: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSettings, match=named) as refused:
        given(environment, **values)
    assert "a secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_provider_on_this_machine_needs_no_tls(environment: Environment, host: str) -> None:
    oidc = given(environment, ISSUER=f"http://{host}:8443", CLIENT_ID=CLIENT)
    assert oidc is not None
    assert oidc.name == host
