"""Sign-in with the accounts of the identities file: argon2 hashes, and a limit of failed attempts."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chassis.configuration.identities import Identities
from console.attempt_limit import AttemptLimit

MAX_FAILURES, WINDOW_SECONDS = 10, 900.0
"""Failed attempts after which an account name or a client address has to wait, and the time over which they are counted."""
MAX_PASSWORD = 200
"""Characters. A longer password is refused unread: its hash would cost a processor."""


class Passwords:
    """Checks passwords, two at a time: each check takes a processor for some tens of milliseconds."""

    def __init__(self, identities: Identities):
        self._identities, self._hasher = identities, PasswordHasher()
        self._failures = AttemptLimit(MAX_FAILURES, WINDOW_SECONDS)
        self._slots = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash("nobody has this password")

    async def check(self, account: str, password: str, client: str) -> bool:
        """Return whether the account signs in with this password. Raises TooManyAttempts.

        An unknown account takes as long as a wrong password: nobody learns which accounts exist.
        """
        keys = (f"account {account[:80]}", f"client {client}")
        self._failures.check(*keys)
        found = self._identities.by_id(account)
        expected = (found.password_argon2 if found else None) or self._nobody
        async with self._slots:
            fits = len(password) <= MAX_PASSWORD and await asyncio.to_thread(self._verify, expected, password)
        if not fits or expected is self._nobody:
            self._failures.count(*keys)
            return False
        self._failures.forget(keys[0])
        return True

    def _verify(self, expected: str, password: str) -> bool:
        try:
            return self._hasher.verify(expected, password)
        except (Argon2Error, InvalidHashError):
            return False
