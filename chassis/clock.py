"""Business time and the clocks that supply it. Machine time (retries, polls, leases) always comes from the module `time`.

Due dates are computed in business time. The clock is injected; in the demo and in the chain tests it jumps. Machine time is
`time.time` and `time.monotonic`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class BusinessClock(Protocol):
    """A source of business time."""

    def now(self) -> datetime:
        """Return the current business time, in UTC."""
        ...


class SystemClock:
    """A clock whose business time is machine time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until `move_to` moves it; it never goes back."""

    def __init__(self, start: datetime):
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Jump forward. A jump backwards is ignored, so that two callers cannot undo each other's jumps."""
        self._now = max(self._now, instant.astimezone(UTC))


class SharedClock:
    """A clock that adds an offset to machine time. Processes share the offset in one file; tests use it to let days pass.

    The file holds seconds as text. A missing file means no offset.
    """

    def __init__(self, path: Path):
        self._path = path

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.offset(), UTC)

    def offset(self) -> float:
        """Return the seconds by which business time is ahead of machine time."""
        try:
            return float(self._path.read_text())
        except FileNotFoundError:
            return 0.0

    def advance(self, seconds: float) -> None:
        """Advance business time for every process that reads the file."""
        beside = self._path.with_suffix(".new")
        beside.write_text(str(self.offset() + seconds))
        beside.replace(self._path)
