"""Errors for the operator of a service. The message states in one line the fault and the remedy.

An outage is not such an error: the service waits for an unavailable database or broker, and /readyz reports it meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class OperatorError(Exception):
    """A mistake that an operator can correct. The command line prints the message without a traceback."""


class StartupError(OperatorError):
    """A service cannot start, and waiting does not help. The message names the service, the fault and the remedy."""


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
