"""Readiness by the outbox: parked and stuck events make a service not ready on /readyz, as its loops' troubles do.

`chassis.observability.health` collects both; `chassis.runtime.gauges` reads the numbers from the store.
"""

from dataclasses import dataclass

STUCK_SECONDS = 60.0
"""The age from which a pending event is stuck; the alert EventUnpublished uses the same age."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox's unpublished events: number parked, number pending, and the age of the oldest pending event in seconds."""

    parked: int
    pending: int
    oldest: float

    def trouble(self) -> str | None:
        """Describe the stuck events for /readyz; None if no event is stuck."""
        stuck = [f"{self.parked} events are parked: `whistle outbox list` says why"] * (self.parked > 0)
        stuck += [f"{self.pending} events are pending, the oldest for {self.oldest:.0f} s"] * (self.oldest > STUCK_SECONDS)
        return "; ".join(stuck) or None
