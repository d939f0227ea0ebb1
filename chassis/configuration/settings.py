"""The settings of a process, from its environment. ``WHISTLE_TICKETS_X`` overrides ``WHISTLE_X``; each bad value is named.

Any key may be given as ``<key>_FILE`` with a path instead, for container secrets.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environs import EnvValidationError, FileAwareEnv, ValidationError, validate

from chassis.client_address import Proxies
from chassis.errors import OperatorError
from contracts.contact_points import is_region
from contracts.payload import flatten


class BadSettings(OperatorError):
    """Settings are missing or invalid. Raised at start; the message names every such key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. docs/settings.md describes each key."""

    service: str
    database_url: str
    amqp_url: str
    http: str
    ops: str
    per_client: int
    proxies: Proxies
    identities: Path
    config_dir: Path
    clock_file: Path | None
    secret: str
    link_days: int
    log_level: int
    batch: int
    prefetch: int
    retry_attempts: int
    retry_first: float
    retention_days: int
    statement_seconds: float
    lock_seconds: float
    phone_region: str
    public_url: str | None


class _Env(FileAwareEnv):
    """An environment in which an unreadable file is one more bad key and does not end the list of errors."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            return super()._get_value(env_key, default)
        except ValueError as unreadable:
            self._errors[f"{env_key}_FILE"].append(str(unreadable))
            return default


def read(service: str) -> Settings:
    """Return the settings of one service. Raises BadSettings naming all bad keys at once, not only the first."""
    env = _Env(eager=False, prefix="WHISTLE_", strip_whitespace=True)

    def key(name: str) -> str:
        own = f"{service.upper()}_{name}"
        given = f"WHISTLE_{own}" in os.environ or f"WHISTLE_{own}_FILE" in os.environ
        return own if given else name

    some, positive = validate.Length(min=1), validate.Range(min=1)
    values: dict[str, Any] = {
        "database_url": env.str(key("DATABASE_URL"), validate=some),
        "amqp_url": env.str(key("AMQP_URL"), validate=some),
        "http": env.str(key("HTTP"), "127.0.0.1:8000", validate=check_address),
        "ops": env.str(key("OPS"), "127.0.0.1:9000", validate=check_address),
        "per_client": env.int(key("HTTP_PER_CLIENT"), 64, validate=positive),
        "proxies": env.list(key("TRUSTED_PROXIES"), [], validate=_networks),
        "identities": env.path(key("IDENTITIES")),
        "config_dir": env.path(key("CONFIG_DIR"), Path("deploy")),
        "clock_file": env.path(key("CLOCK_FILE"), None),
        "secret": env.str(key("SECRET"), validate=validate.Length(min=16)),
        "link_days": env.int(key("LINK_DAYS"), 30, validate=positive),
        "log_level": env.log_level(key("LOG_LEVEL"), logging.INFO),
        "batch": env.int(key("BATCH"), 100, validate=positive),
        "prefetch": env.int(key("PREFETCH"), 200, validate=positive),
        "retry_attempts": env.int(key("RETRY_ATTEMPTS"), 10, validate=positive),
        "retry_first": env.float(key("RETRY_FIRST"), 0.25, validate=validate.Range(min=0.001)),
        "statement_seconds": env.float(key("STATEMENT_SECONDS"), 20.0, validate=validate.Range(min=0.1)),
        "lock_seconds": env.float(key("LOCK_SECONDS"), 10.0, validate=validate.Range(min=0.1)),
        "phone_region": env.str(key("PHONE_REGION"), "CN", validate=_region),
        "public_url": env.str(key("PUBLIC_URL"), None, validate=_public_url),
        "retention_days": env.int(key("RETENTION_DAYS"), 30, validate=validate.Range(min=0)),
    }
    try:
        env.seal()
    except EnvValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.error_messages).items())
        raise BadSettings(f"settings of {service}: {named}") from None
    return Settings(service=service, **{**values, "proxies": Proxies.named(values["proxies"])})


def _networks(values: list[str]) -> None:
    try:
        Proxies.named(values)
    except ValueError:
        raise ValidationError("Want addresses or networks such as 10.0.0.0/8, with commas between them.") from None


def _region(value: str) -> None:
    if not is_region(value):
        raise ValidationError("Want the ISO 3166 code of a country, such as CN.")


def _public_url(value: str | None) -> None:
    if value is not None and (not value.startswith(("http://", "https://")) or value.endswith("/")):
        raise ValidationError("Want an address such as https://street.example, without a slash at the end.")


def check_address(value: str) -> None:
    """Raise ValidationError unless the value is host:port."""
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValidationError("Want host:port.")
