"""Whether a process lives and whether it is ready: written by the loops, read by the ops thread.

Live means that the hub turns and that every loop has come round lately. Ready means that no loop reports an outage.
"""

import time
from dataclasses import dataclass, field

UNFORESEEN = "unforeseen: "
"""How the trouble of a loop begins that failed in a way nobody foresaw; the name of the exception follows."""


@dataclass
class Loop:
    """One loop's last word: when it came round (machine monotonic seconds) and what keeps it from working."""

    seen: float
    trouble: str | None = "starting"


@dataclass
class Health:
    """Plain attributes that one thread writes and another reads; nothing here waits or locks."""

    stuck_after: float = 120.0
    loops: dict[str, Loop] = field(default_factory=dict)
    heartbeat: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The hub turns."""
        self.heartbeat = time.monotonic()

    def report(self, loop: str, trouble: str | None) -> None:
        """A loop came round; ``trouble`` says what keeps it from working, None that it works."""
        self.loops[loop] = Loop(time.monotonic(), trouble)

    def forget(self, loop: str) -> None:
        """It is done, and will not be heard of again."""
        del self.loops[loop]

    def heartbeat_age(self) -> float:
        """Seconds since the hub last turned."""
        return time.monotonic() - self.heartbeat

    def stuck(self) -> list[str]:
        """Loops, and the hub, that have not come round in time."""
        now = time.monotonic()
        late = [name for name, loop in sorted(self.loops.items()) if now - loop.seen > self.stuck_after]
        return (["hub"] if self.heartbeat_age() > self.stuck_after else []) + late

    def troubles(self) -> dict[str, str]:
        """What keeps which loop from working."""
        return {name: loop.trouble for name, loop in sorted(self.loops.items()) if loop.trouble}
