"""A playbook: a versioned ladder of levels. A case keeps a snapshot of the one it started with."""

from dataclasses import dataclass, field
from datetime import timedelta

from contracts.codes import AreaKind, Clock, Role


@dataclass(frozen=True)
class Call:
    """Whom to call: a role, of the area of this kind around the ticket."""

    role: Role
    of: AreaKind


@dataclass(frozen=True)
class Level:
    """One rung: who responds, and the clocks of each of its assignments (elapsed time, seconds)."""

    level: str
    to: Call
    clocks: dict[Clock, int] = field(default_factory=dict)

    def clock(self, clock: Clock) -> timedelta | None:
        """How long the clock gives, None where the level has none of that name."""
        seconds = self.clocks.get(clock)
        return None if seconds is None else timedelta(seconds=seconds)


@dataclass(frozen=True)
class Playbook:
    """``takes`` names the categories it is for; ``verify`` says who checks what was handled."""

    name: str
    version: str
    title: dict[str, str]
    takes: tuple[str, ...]
    ladder: tuple[Level, ...]
    verify: Call
    supervisor: Call


def choose(playbooks: tuple[Playbook, ...], category: str) -> Playbook | None:
    """The first playbook that takes the category; None where none does."""
    return next((playbook for playbook in playbooks if category in playbook.takes), None)
