"""What keeps a service from starting, each in one line that says what to do.

An outage is none of it: a database or a broker that is away is waited for, and /readyz says so meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.mendable import Mendable


class CannotStart(Mendable):
    """Nothing that time mends. The message names the service, what is wrong and what to do."""


@contextmanager
def listening(service: str, key: str, address: str) -> Iterator[None]:
    """Within the block the service begins to listen. Raises CannotStart where it cannot."""
    try:
        yield
    except OSError as wrong:
        said = (wrong.strerror or str(wrong)).partition(" (")[0]  # Python adds the address in brackets
        why = f"{service}: cannot listen on {address}: {said}"
        where = f"WHISTLE_{service.upper()}_{key}, WHISTLE_{key} or, of `whistle embedded`, --port"
        raise CannotStart(f"{why}; stop what listens there, or give another address: {where}") from None
