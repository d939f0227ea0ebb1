"""The two clocks. Machine time (retries, polls, leases) is always `time.time` and `time.monotonic`; this is the other one.

Business time is what due dates are made of. It can be injected, and in the demo and the chain tests it jumps.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class BusinessClock(Protocol):
    """Anything that knows what time it is for the business."""

    def now(self) -> datetime:
        """The current business instant, in UTC."""
        ...


class SystemClock:
    """Business time is the machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """Business time stands still until it is told to move; it never goes back."""

    def __init__(self, start: datetime):
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Jump forward. A jump backwards is ignored, so that two movers cannot undo each other."""
        self._now = max(self._now, instant.astimezone(UTC))


class SharedClock:
    """Machine time plus an offset that several processes read from one file: how tests let days pass.

    The file holds seconds as text. A file that is not there means no offset.
    """

    def __init__(self, path: Path):
        self._path = path

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.offset(), UTC)

    def offset(self) -> float:
        """Seconds that business time is ahead of the machine's."""
        try:
            return float(self._path.read_text())
        except FileNotFoundError:
            return 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass for every process that reads the file."""
        beside = self._path.with_suffix(".new")
        beside.write_text(str(self.offset() + seconds))
        beside.replace(self._path)
