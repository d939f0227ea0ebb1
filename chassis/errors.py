"""Errors for the person who operates a service: the message says in one line what is wrong and what to do.

An outage is no such error: a database or a broker that is away is waited for, and /readyz says so meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class OperatorError(Exception):
    """A mistake that an operator can correct: the command line prints the message without a traceback."""


class StartupError(OperatorError):
    """A service cannot start, and time will not mend it. The message names the service, what is wrong and what to do."""


@contextmanager
def listening(service: str, key: str, address: str) -> Iterator[None]:
    """Translate an OSError of the block, in which the service binds ``address``, to a StartupError."""
    try:
        yield
    except OSError as wrong:
        said = (wrong.strerror or str(wrong)).partition(" (")[0]  # Python adds the address in brackets
        why = f"{service}: cannot listen on {address}: {said}"
        where = f"WHISTLE_{service.upper()}_{key}, WHISTLE_{key} or, of `whistle embedded`, --port"
        raise StartupError(f"{why}; stop what listens there, or give another address: {where}") from None
