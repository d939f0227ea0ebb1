"""The key that signs checkpoints: Ed25519 in the PEM files that ``openssl genpkey -algorithm ed25519`` makes."""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error
from pathlib import Path

from environs import EnvError, FileAwareEnv
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from chassis.configuration.settings import BadSettings
from chassis.configuration.yaml_files import BadConfig, read_yaml
from contracts.payload import flatten
from services.ledger.domain.checkpoint import Signer
from services.ledger.domain.keyring import Key

KEY = "WHISTLE_LEDGER_SIGNING_KEY"
_PRIVATE = bytes.fromhex("302e020100300506032b657004220420")
"""The prefix of the seed in PKCS #8, by RFC 8410."""
_PUBLIC = bytes.fromhex("302a300506032b6570032100")
"""The prefix of the key in SubjectPublicKeyInfo, by RFC 8410."""
_PURPOSE = b"whistle ledger checkpoints 1"


def load_signer(secret: str) -> Signer:
    """Return the key of WHISTLE_LEDGER_SIGNING_KEY(_FILE); without one, a key that follows from the deployment's secret.

    Whoever knows that secret can then sign too: good enough to try things out, too little as evidence against the
    deployment's own people. Raises BadSettings.
    """
    try:
        pem = FileAwareEnv().str(KEY, None)
    except (EnvError, ValueError) as wrong:
        raise BadSettings(str(wrong)) from None
    if pem is None:
        return Signer(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256))
    return Signer(_unwrapped(pem, "PRIVATE KEY", _PRIVATE, KEY))


def public_pem(public: bytes) -> str:
    """Return a public key as PEM."""
    return f"-----BEGIN PUBLIC KEY-----\n{b64encode(_PUBLIC + public).decode()}\n-----END PUBLIC KEY-----\n"


def public_from_pem(pem: str) -> bytes:
    """Return the public key of a PEM text. Raises BadSettings."""
    return _unwrapped(pem, "PUBLIC KEY", _PUBLIC, "public key")


class _Key(Schema):
    public = fields.String(required=True)
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class _Keys(Schema):
    keys = fields.List(fields.Nested(_Key), required=True, validate=validate.Length(1))


def read_keys(path: Path) -> list[Key]:
    """Return the keys that a reader trusts, with their times: see `deploy/ledger-keys.example.yaml`. Raises BadConfig,
    BadSettings.
    """
    try:
        loaded = _Keys(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        raise BadConfig(f"{path}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    return [Key(public_from_pem(one["public"]), one["since"], one["until"]) for one in loaded["keys"]]


def _unwrapped(pem: str, kind: str, prefix: bytes, name: str) -> bytes:
    match = re.search(rf"-----BEGIN {kind}-----([A-Za-z0-9+/=\s]+)-----END {kind}-----", pem)
    try:
        der = b64decode("".join(match[1].split()), validate=True) if match else b""
    except Error:
        der = b""
    if len(der) != len(prefix) + 32 or not der.startswith(prefix):
        raise BadSettings(f"{name}: want an Ed25519 key as PEM ({kind})")
    return der[len(prefix) :]
