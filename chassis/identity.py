"""Who gives a command: accounts from one file, known by bearer token over HTTP and by the broker's `user_id` over AMQP.

Tokens stand in the file as SHA-256, so that reading the file gives nobody a token.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from chassis.config import BadConfig, read_yaml
from chassis.mendable import Mendable
from contracts.envelope import flatten


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, the units it may speak for (``*`` for all: a gateway that checks for itself) and what it may do."""

    id: str
    units: frozenset[str]
    roles: frozenset[str]

    def speaks_for(self, unit: str) -> bool:
        """Whether the account may report in a unit's name."""
        return unit in self.units or "*" in self.units


class InvalidIdentities(Mendable):
    """Raised at load; the message names the file, the path within it and what is wrong."""


class _Account(Schema):
    id = fields.String(required=True, validate=validate.Length(1, 80))
    amqp_user = fields.String()
    token_sha256 = fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}$", error="Not a SHA-256 in hexadecimal."))
    units = fields.List(fields.String(), load_default=list)
    roles = fields.List(fields.String(), load_default=list)


class _File(Schema):
    accounts = fields.List(fields.Nested(_Account), required=True)


class Identities:
    """The accounts of a deployment."""

    def __init__(self, accounts: list[dict[str, Any]]):
        self._by_user: dict[str, Actor] = {}
        self._by_token: dict[str, Actor] = {}
        for account in accounts:
            actor = Actor(account["id"], frozenset(account["units"]), frozenset(account["roles"]))
            if user := account.get("amqp_user"):
                self._by_user[user] = actor
            if token := account.get("token_sha256"):
                self._by_token[token] = actor

    @classmethod
    def load(cls, path: Path) -> "Identities":
        """Read the file. Raises InvalidIdentities."""
        return cls(read_accounts(path))

    def by_user(self, user_id: str | None) -> Actor | None:
        """The account that a broker user is; None for a stranger."""
        return self._by_user.get(user_id) if user_id else None

    def by_token(self, token: str) -> Actor | None:
        """The account that a bearer token belongs to; None for a stranger."""
        return self._by_token.get(hashlib.sha256(token.encode()).hexdigest())


def read_accounts(path: Path) -> list[dict[str, Any]]:
    """The accounts that a file names, with or without tokens. Raises InvalidIdentities."""
    try:
        accounts: list[dict[str, Any]] = _File().load(read_yaml(path))["accounts"]
        for name in ("id", "amqp_user", "token_sha256"):
            given = [account[name] for account in accounts if name in account]
            if len(given) > len(set(given)):
                raise ValidationError({"accounts": f"two have the same {name}"})
    except ValidationError as wrong:
        raise InvalidIdentities(f"{path}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    except BadConfig as unreadable:
        raise InvalidIdentities(str(unreadable)) from None
    return accounts
