"""The ways to a recipient, and the sendings that were made by them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """A channel, and the recipient's address there."""

    channel: str
    address: str | None = None


@dataclass(frozen=True)
class Sending:
    """The attempts that share an idempotency key. ``first`` is the number of the first of them."""

    channel: str
    first: int
