"""Ed25519 against the vectors of RFC 8032 section 7.1, and against OpenSSL."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.configuration.settings import BadSettings
from services.ledger.domain.ed25519 import public_key, sign, verify
from services.ledger.signing_keys import KEY, load_signer, public_from_pem, public_pem

VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_known_signatures(seed: str, public: str, message: str, signature: str) -> None:
    assert public_key(bytes.fromhex(seed)).hex() == public
    assert sign(bytes.fromhex(seed), bytes.fromhex(message)).hex() == signature
    assert verify(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.integers(0, 64 * 8 - 1))
def test_a_signature_is_of_one_message_by_one_key(seed: bytes, message: bytes, bit: int) -> None:
    signature, public = sign(seed, message), public_key(seed)
    assert verify(public, message, signature)
    assert not verify(public, message + b"!", signature)
    changed = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    assert not verify(public, message, changed)


@pytest.mark.parametrize("bad", [(b"", bytes(64)), (b"\xff" * 32, bytes(64)), (bytes(32), b"")])
def test_what_is_malformed_is_no_signature(bad: tuple[bytes, bytes]) -> None:
    assert not verify(bad[0], b"m", bad[1])


def test_openssl_makes_the_key_and_verifies_the_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    openssl("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    monkeypatch.setenv(f"{KEY}_FILE", str(tmp_path / "key.pem"))
    made = load_signer("not asked for")
    assert public_pem(made.public) == (tmp_path / "public.pem").read_text()
    assert public_from_pem(public_pem(made.public)) == made.public
    (tmp_path / "message").write_bytes(b"size and root")
    (tmp_path / "signature").write_bytes(sign(made.seed, b"size and root"))
    openssl(*["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "message", "-sigfile", "signature"])


def test_without_a_key_the_secret_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    assert load_signer("one secret of a town") == load_signer("one secret of a town") != load_signer("another secret")


def test_another_kind_of_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIA==\n-----END PRIVATE KEY-----")
    with pytest.raises(BadSettings, match="want an Ed25519 key"):
        load_signer("not asked for")
