"""Sign-in: which passwords fit, and how often one may try."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher

from chassis.configuration.identities import Identities
from console.attempt_limit import TooManyAttempts
from console.passwords import MAX_FAILURES, Passwords

HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("open sesame")
ACCOUNTS = [
    {"id": "wang", "name": "王值班", "password_argon2": HASH, "units": [], "roles": ["desk"]},
    {"id": "hotline", "units": [], "roles": ["producer"]},
]


def _check(*attempts: tuple[str, str, str]) -> list[bool]:
    async def all_of_them() -> list[bool]:
        passwords = Passwords(Identities(ACCOUNTS))
        return [await passwords.check(*attempt) for attempt in attempts]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("account", "password", "fits"),
    [
        ("wang", "open sesame", True),
        ("wang", "open sesame ", False),
        ("wang", "", False),
        ("nobody", "open sesame", False),
        ("nobody", "nobody has this password", False),
        ("hotline", "nobody has this password", False),
        ("wang", "open sesame" * 100, False),
    ],
)
def test_a_password_fits_its_account_alone(account: str, password: str, fits: bool) -> None:
    assert _check((account, password, "10.0.0.1")) == [fits]


def test_an_account_waits_after_many_failures_from_anywhere() -> None:
    wrong = [("wang", "wrong", f"10.0.0.{number}") for number in range(MAX_FAILURES)]
    with pytest.raises(TooManyAttempts):
        _check(*wrong, ("wang", "open sesame", "10.0.1.1"))


def test_a_client_waits_after_many_failures_on_any_account() -> None:
    wrong = [(f"account {number}", "wrong", "10.0.0.1") for number in range(MAX_FAILURES)]
    with pytest.raises(TooManyAttempts):
        _check(*wrong, ("wang", "open sesame", "10.0.0.1"))


def test_a_success_forgets_the_failures_of_the_account() -> None:
    nearly = [("wang", "wrong", f"10.0.0.{number}") for number in range(MAX_FAILURES - 1)]
    once = ("wang", "open sesame", "10.0.1.1")
    assert _check(*nearly, once, ("wang", "wrong", "10.0.1.2"), once)[-1]
