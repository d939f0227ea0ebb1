"""The settings of the console, from its environment. docs/settings.md describes each key."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import EnvValidationError, FileAwareEnv, ValidationError, validate

from chassis.configuration.settings import BadSettings, check_address
from contracts.payload import flatten
from contracts.topology import SERVICES

OIDC = ("issuer", "client_id", "client_secret", "claim", "name")
"""The settings of the OpenID provider, each with the prefix WHISTLE_OIDC_."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The OpenID provider at which people sign in. ``claim`` names the account, ``name`` is on the button."""

    issuer: str
    client_id: str
    client_secret: str | None
    claim: str
    name: str


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The settings of one console process. ``services`` has the base URL of each service's HTTP API."""

    http: str
    ops: str
    services: Mapping[str, str]
    identities: Path
    config_dir: Path
    clock_file: Path | None
    secret: str
    account: str
    sample: Path | None
    session: timedelta
    reports_per_hour: int
    lookups_per_hour: int
    proxies: list[str]
    log_level: int
    oidc: OidcSettings | None


def read() -> ConsoleSettings:
    """Return the settings. Raises BadSettings naming every bad key."""
    env = FileAwareEnv(eager=False, prefix="WHISTLE_", strip_whitespace=True)
    values: dict[str, Any] = {
        "http": env.str("CONSOLE_HTTP", "127.0.0.1:8000", validate=check_address),
        "ops": env.str("CONSOLE_OPS", "127.0.0.1:9000", validate=check_address),
        "identities": env.path("IDENTITIES"),
        "config_dir": env.path("CONFIG_DIR", Path("deploy")),
        "clock_file": env.path("CLOCK_FILE", None),
        "secret": env.str("SECRET", validate=validate.Length(min=16)),
        "account": env.str("CONSOLE_ACCOUNT", "console", validate=validate.Length(min=1)),
        "sample": env.path("CONSOLE_SAMPLE", None),
        "reports_per_hour": env.int("CONSOLE_REPORTS_PER_HOUR", 20, validate=validate.Range(min=1)),
        "lookups_per_hour": env.int("CONSOLE_LOOKUPS_PER_HOUR", 60, validate=validate.Range(min=1)),
        "proxies": env.list("TRUSTED_PROXIES", []),
        "log_level": env.log_level("LOG_LEVEL", logging.INFO),
    }
    hours = env.int("CONSOLE_SESSION_HOURS", 12, validate=validate.Range(min=1))
    services = {service: env.str(f"{service.upper()}_URL", validate=_url) for service in SERVICES}
    oidc = {name: env.str(f"OIDC_{name.upper()}", "").strip() for name in OIDC}
    try:
        env.seal()
    except EnvValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.error_messages).items())
        raise BadSettings(f"settings of the console: {named}") from None
    return ConsoleSettings(services=services, session=timedelta(hours=hours), oidc=_oidc(**oidc), **values)


def _oidc(issuer: str, client_id: str, client_secret: str, claim: str, name: str) -> OidcSettings | None:
    """Return the provider's settings; None where there is none. An empty value counts as not set. Raises BadSettings."""
    if not any((issuer, client_id, client_secret, claim, name)):
        return None
    required = {"WHISTLE_OIDC_ISSUER": issuer, "WHISTLE_OIDC_CLIENT_ID": client_id}
    if missing := [key for key, value in required.items() if not value]:
        raise BadSettings(f"settings of the console: {' and '.join(missing)}: missing beside other WHISTLE_OIDC settings")
    host = _issuer_host(issuer)
    return OidcSettings(issuer, client_id, client_secret or None, claim or "sub", name or host)


def _issuer_host(issuer: str) -> str:
    """Return the host of the issuer, which is reached by TLS or is on this machine. Raises BadSettings."""
    try:
        address = urlsplit(issuer)
        host = address.hostname or ""
    except ValueError:
        address, host = urlsplit(""), ""
    protected = address.scheme == "https" or (address.scheme == "http" and host in {"127.0.0.1", "localhost"})
    if not host or not protected or address.query or address.fragment:
        raise BadSettings("settings of the console: WHISTLE_OIDC_ISSUER: Want an address such as https://id.example/street.")
    return host


def _url(value: str) -> None:
    if not value.startswith(("http://", "https://")) or value.endswith("/"):
        raise ValidationError("Want an address such as http://tickets:8000, without a slash at the end.")
