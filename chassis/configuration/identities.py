"""Accounts from the identities file, identified by bearer token over HTTP and by the broker's `user_id` over AMQP.

The file holds the SHA-256 of tokens, so that nobody can read a token in it, and the argon2 hash of the passwords with which
people sign in at the web console, which then sends a session token (`chassis.session_tokens`) in place of a machine's. People
whom an OpenID provider signs in are found by what the provider calls them. A claim of an account in a message is valid only if
the file agrees: the CloudEvents source, the unit it reports for, the channel of its whistles.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from chassis.configuration.yaml_files import BadConfig, read_yaml
from chassis.errors import OperatorError
from chassis.session_tokens import InvalidSession, SessionTokens, looks_like_session
from contracts.codes import Channel
from contracts.payload import flatten
from contracts.topology import SERVICES

ACCOUNTS = "/accounts/"
"""The prefix of the source of messages sent over HTTP; the account's id follows."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, the units it may speak for (``*`` for all: a gateway that checks for itself) and its roles."""

    id: str
    units: frozenset[str]
    roles: frozenset[str]
    sources: frozenset[str] = frozenset()
    """The CloudEvents sources that it may name over AMQP, besides its ``own_source``, which no other account may have."""
    channels: frozenset[str] | None = None
    """The channels that its whistles may name; None for any."""
    name: str | None = None
    """The name of the account on pages."""
    password_argon2: str | None = None
    """The hash of the password with which a person signs in; None for an account of a machine."""
    oidc: str | None = None
    """The person's identity at the deployment's OpenID provider; None where the person does not sign in there."""

    @property
    def own_source(self) -> str:
        """Return the source of its messages over HTTP."""
        return f"{ACCOUNTS}{self.id}"

    def owns(self, source: str) -> bool:
        """Return whether a source is the account's own."""
        return source == self.own_source or source in self.sources

    def may_name(self, channel: str) -> bool:
        """Return whether its whistles may name this channel."""
        return self.channels is None or channel in self.channels

    def speaks_for(self, unit: str) -> bool:
        """Return whether the account may report in a unit's name."""
        return unit in self.units or "*" in self.units


class InvalidIdentities(OperatorError):
    """The identities file is invalid. The message names the file, the path within it and the error."""


def _source(value: str) -> None:
    if not re.fullmatch(r"/[!-~]{1,79}", value):
        raise ValidationError("Want a slash and at most 79 further visible ASCII characters.")
    if value.startswith(ACCOUNTS) or value.split("/")[1] in SERVICES:
        raise ValidationError("Belongs to the services themselves.")


class _Account(Schema):
    id = fields.String(
        required=True, validate=[validate.Length(1, 80), validate.NoneOf(SERVICES, error="Is the name of a service.")]
    )
    amqp_user = fields.String()
    token_sha256 = fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}$", error="Not a SHA-256 in hexadecimal."))
    name = fields.String(validate=validate.Length(1, 80))
    password_argon2 = fields.String(validate=validate.Regexp(r"^\$argon2id\$[!-~]+$", error="Not an argon2id hash."))
    oidc = fields.String(validate=validate.Length(1, 255))
    units = fields.List(fields.String(), load_default=list)
    roles = fields.List(fields.String(), load_default=list)
    sources = fields.List(fields.String(validate=_source))
    channels = fields.List(fields.String(validate=validate.OneOf([channel.value for channel in Channel])))


class _File(Schema):
    accounts = fields.List(fields.Nested(_Account), required=True)


class Identities:
    """The accounts of a deployment."""

    def __init__(self, accounts: list[dict[str, Any]], sessions: SessionTokens | None = None):
        self._sessions = sessions
        self._by_id: dict[str, Actor] = {}
        self._by_user: dict[str, Actor] = {}
        self._by_token: dict[str, Actor] = {}
        self._by_oidc: dict[str, Actor] = {}
        for account in accounts:
            actor = Actor(
                account["id"],
                frozenset(account["units"]),
                frozenset(account["roles"]),
                frozenset(_sources(account)),
                frozenset(account["channels"]) if "channels" in account else None,
                account.get("name"),
                account.get("password_argon2"),
                account.get("oidc"),
            )
            self._by_id[actor.id] = actor
            if user := account.get("amqp_user"):
                self._by_user[user] = actor
            if token := account.get("token_sha256"):
                self._by_token[token] = actor
            if actor.oidc is not None:
                self._by_oidc[actor.oidc] = actor

    @classmethod
    def load(cls, path: Path, sessions: SessionTokens | None = None) -> "Identities":
        """Read the file. With ``sessions``, session tokens identify accounts too. Raises InvalidIdentities."""
        return cls(read_accounts(path), sessions)

    def by_id(self, account: str) -> Actor | None:
        """Return the account of this id; None for an unknown one."""
        return self._by_id.get(account)

    def by_user(self, user_id: str | None) -> Actor | None:
        """Return the account of a broker user; None for an unknown user."""
        return self._by_user.get(user_id) if user_id else None

    def by_oidc(self, value: str) -> Actor | None:
        """Return the account of the person whom the OpenID provider calls so; None for an unknown person."""
        return self._by_oidc.get(value)

    def by_token(self, token: str) -> Actor | None:
        """Return the account of a machine's bearer token or of a session token; None for an unknown or expired token."""
        if self._sessions is not None and looks_like_session(token):
            try:
                return self._by_id.get(self._sessions.read(token).account)
            except InvalidSession:
                return None
        return self._by_token.get(hashlib.sha256(token.encode()).hexdigest())


def read_accounts(path: Path) -> list[dict[str, Any]]:
    """Return the accounts of a file, with or without tokens. Raises InvalidIdentities."""
    try:
        accounts: list[dict[str, Any]] = _File().load(read_yaml(path))["accounts"]
        for name in ("id", "amqp_user", "token_sha256", "oidc"):
            given = [account[name] for account in accounts if name in account]
            if len(given) > len(set(given)):
                raise ValidationError({"accounts": f"two have the same {name}"})
        named = Counter(source for account in accounts for source in set(_sources(account)))
        if shared := sorted(source for source, times in named.items() if times > 1):
            raise ValidationError({"accounts": f"two have the source {', '.join(shared)}; give one of them other sources"})
    except ValidationError as wrong:
        raise InvalidIdentities(f"{path}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    except BadConfig as unreadable:
        raise InvalidIdentities(str(unreadable)) from None
    return accounts


def _sources(account: dict[str, Any]) -> list[str]:
    """Return the sources that the file gives to an account; by default a slash and the account's id."""
    sources: list[str] = account.get("sources", [f"/{account['id']}"])
    return sources
