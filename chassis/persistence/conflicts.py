"""The one retry of transactions that were in each other's way."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from chassis.persistence.errors import StoreConflict

T = TypeVar("T")

CONFLICT_RETRIES = 2
"""Serialization errors and deadlocks are retried at once, so many times."""
DUPLICATE_OR_CONFLICT = (StoreConflict, IntegrityError)
"""Another transaction was faster, and may have inserted the very row: the next attempt finds it."""


def retry_conflicts(transact: Callable[[], T], conflicts: tuple[type[Exception], ...] = (StoreConflict,)) -> T:
    """Run a whole transaction, again at most `CONFLICT_RETRIES` times while it raises one of ``conflicts``.

    Raises what the last attempt raised, and at once whatever is no conflict.
    """
    for _ in range(CONFLICT_RETRIES):
        try:
            return transact()
        except conflicts:
            continue
    return transact()
