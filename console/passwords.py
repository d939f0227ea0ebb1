"""Sign-in with the accounts of the identities file: argon2 hashes, and a limit of failed attempts."""

import asyncio
import time
from collections import OrderedDict, deque

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chassis.configuration.identities import Identities

MAX_FAILURES, WINDOW_SECONDS = 10, 900.0
"""Failed attempts after which an account name or a client address has to wait, and the time over which they are counted."""
MAX_REMEMBERED = 10_000
MAX_PASSWORD = 200
"""Characters. A longer password is refused unread: its hash would cost a processor."""


class TooManyFailures(Exception):
    """Raised where an account or an address has failed too often lately. ``seconds``: until the next attempt counts."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        super().__init__(f"wait {seconds:.0f} s")


class FailureLimit:
    """Counts failed attempts by key, in this process."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise TooManyFailures for the first key with too many failures."""
        now = time.monotonic()
        for key in keys:
            failures = self._failures.get(key, deque())
            while failures and failures[0] < now - WINDOW_SECONDS:
                failures.popleft()
            if len(failures) >= MAX_FAILURES:
                raise TooManyFailures(failures[0] + WINDOW_SECONDS - now)

    def failed(self, *keys: str) -> None:
        """Count a failed attempt."""
        for key in keys:
            self._failures.setdefault(key, deque(maxlen=MAX_FAILURES)).append(time.monotonic())
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)


class Passwords:
    """Checks passwords, two at a time: each check takes a processor for some tens of milliseconds."""

    def __init__(self, identities: Identities):
        self._identities, self._hasher, self._limit = identities, PasswordHasher(), FailureLimit()
        self._slots = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash("nobody has this password")

    async def check(self, account: str, password: str, client: str) -> bool:
        """Return whether the account signs in with this password. Raises TooManyFailures.

        An unknown account takes as long as a wrong password: nobody learns which accounts exist.
        """
        keys = (f"account {account[:80]}", f"client {client}")
        self._limit.check(*keys)
        found = self._identities.by_id(account)
        expected = (found.password_argon2 if found else None) or self._nobody
        async with self._slots:
            fits = len(password) <= MAX_PASSWORD and await asyncio.to_thread(self._verify, expected, password)
        if not fits or expected is self._nobody:
            self._limit.failed(*keys)
            return False
        self._limit.succeeded(keys[0])
        return True

    def _verify(self, expected: str, password: str) -> bool:
        try:
            return self._hasher.verify(expected, password)
        except (Argon2Error, InvalidHashError):
            return False
