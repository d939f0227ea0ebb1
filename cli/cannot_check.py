"""The end of a command that checks something but could not: status 2, because status 1 says that something was found."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from chassis.errors import OperatorError


class CannotCheck(click.ClickException):
    """Raised where a check cannot be made. The message says why, and what to do."""

    exit_code = 2


@contextmanager
def cannot_check_on_errors() -> Iterator[None]:
    """Raise CannotCheck for an operator's error in the block, for instance a store that cannot be read."""
    try:
        yield
    except OperatorError as wrong:
        raise CannotCheck(str(wrong)) from None
