"""A recipient's addresses by channel, and the series of attempts that were made at them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelAddress:
    """A channel, and the recipient's address there."""

    channel: str
    address: str | None = None


@dataclass(frozen=True)
class AttemptSeries:
    """The attempts that share an idempotency key. ``first`` is the number of the first of them."""

    channel: str
    first: int
