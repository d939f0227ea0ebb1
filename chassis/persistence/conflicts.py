"""The retry of transactions that conflicted with each other."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from chassis.persistence.errors import StoreConflict

T = TypeVar("T")

CONFLICT_RETRIES = 2
"""The number of immediate retries after a serialization failure or a deadlock."""
DUPLICATE_OR_CONFLICT = (StoreConflict, IntegrityError)
"""Another transaction committed first, and may have inserted the same row: the next attempt finds it."""


def retry_conflicts(transact: Callable[[], T], conflicts: tuple[type[Exception], ...] = (StoreConflict,)) -> T:
    """Run a whole transaction, and again at most `CONFLICT_RETRIES` times while it raises one of ``conflicts``.

    Raises what the last attempt raised. Any exception that is not a conflict is raised at once.
    """
    for _ in range(CONFLICT_RETRIES):
        try:
            return transact()
        except conflicts:
            continue
    return transact()
