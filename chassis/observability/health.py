"""Liveness and readiness of a process: written by the loops, read by the ops thread.

A process is live if the hub turns and every loop has reported lately. It is ready if no loop reports an outage.
"""

import time
from dataclasses import dataclass, field

UNFORESEEN = "unforeseen: "
"""The prefix of a loop's trouble after an unforeseen error; the name of the exception follows."""


@dataclass
class Loop:
    """The latest report of one loop: its time (machine monotonic seconds) and the reason why the loop cannot work."""

    seen: float
    trouble: str | None = "starting"


@dataclass
class Health:
    """Plain attributes that one thread writes and another reads, without waits or locks."""

    stuck_after: float = 120.0
    loops: dict[str, Loop] = field(default_factory=dict)
    heartbeat: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Record that the hub turns."""
        self.heartbeat = time.monotonic()

    def report(self, loop: str, trouble: str | None) -> None:
        """Record a report of a loop; ``trouble`` is the reason why it cannot work, None if it works."""
        self.loops[loop] = Loop(time.monotonic(), trouble)

    def forget(self, loop: str) -> None:
        """Remove a loop that has ended and will not report again."""
        del self.loops[loop]

    def heartbeat_age(self) -> float:
        """Return the seconds since the hub last turned."""
        return time.monotonic() - self.heartbeat

    def stuck(self) -> list[str]:
        """Return the loops, and the hub, that have not reported in time."""
        now = time.monotonic()
        late = [name for name, loop in sorted(self.loops.items()) if now - loop.seen > self.stuck_after]
        return (["hub"] if self.heartbeat_age() > self.stuck_after else []) + late

    def troubles(self) -> dict[str, str]:
        """Return the trouble of each loop that cannot work."""
        return {name: loop.trouble for name, loop in sorted(self.loops.items()) if loop.trouble}
