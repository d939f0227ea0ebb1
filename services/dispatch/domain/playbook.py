"""A playbook: a versioned ladder of levels. A case keeps a snapshot of the one it started with."""

from dataclasses import dataclass, field

from contracts.codes import AreaKind, Clock, Respond, Role, Urgency

LEAST_SESSIONS = 1


@dataclass(frozen=True)
class Call:
    """Whom to call: a role, of the area of this kind around the ticket."""

    role: Role
    of: AreaKind


@dataclass(frozen=True)
class Level:
    """One rung of the ladder. ``clocks`` overrides the standard of the urgency; spans are texts such as 1h or 5wd.

    ``when`` is None or ``dispute``; ``parallel_for`` opens the level together with the one below for these urgencies. ``ack``:
    how many of several must handle it, None where one responder is called. ``steps`` names the sessions of a mediation,
    ``perform`` is how long performance is waited for; ``co_units`` are called beside the lead ``to``.
    """

    level: str
    respond: Respond
    to: Call
    clocks: dict[Clock, str] = field(default_factory=dict)
    when: str | None = None
    parallel_for: tuple[Urgency, ...] = ()
    ack: str | None = None
    steps: tuple[str, ...] = ()
    perform: str = "30d"
    co_units: tuple[Call, ...] = ()

    def holds(self, dispute: bool) -> bool:
        """Whether the level is for this case."""
        return self.when is None or (self.when == "dispute" and dispute)


@dataclass(frozen=True)
class Playbook:
    """``takes`` names the categories it is for; ``verify`` says who checks; ``supervisor`` who rules (nearest first)."""

    name: str
    version: str
    title: dict[str, str]
    takes: tuple[str, ...]
    ladder: tuple[Level, ...]
    verify: Call
    supervisors: tuple[Call, ...]
    returns: int = 2


def choose(playbooks: tuple[Playbook, ...], category: str) -> Playbook | None:
    """The first playbook that takes the category; None where none does."""
    return next((playbook for playbook in playbooks if category in playbook.takes), None)
