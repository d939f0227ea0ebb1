"""A playbook is a versioned ladder of levels. A case keeps a snapshot of the one it started with."""

from dataclasses import dataclass, field

from contracts.codes import AreaKind, Clock, Respond, Role, Urgency


@dataclass(frozen=True)
class Call:
    """A call is for a role in the area of this kind around the ticket."""

    role: Role
    of: AreaKind


@dataclass(frozen=True)
class Level:
    """A level of the ladder. ``clocks`` overrides the standard of the urgency; spans are texts such as 1h or 5wd.

    ``when`` is None or ``dispute``; ``parallel_for`` opens the level together with the one below for these urgencies. ``ack``:
    None where one responder is called; else all that fit are, and ``any``, ``all`` or a number of them must handle it (a number
    greater than there are units means all). Of a mediation ``steps`` names the sessions, ``longest`` is what no extension may
    go beyond, ``perform`` how long performance is waited for. ``co_units`` are called beside the lead ``to``.
    """

    level: str
    respond: Respond
    to: Call
    clocks: dict[Clock, str] = field(default_factory=dict)
    when: str | None = None
    parallel_for: tuple[Urgency, ...] = ()
    ack: str | None = None
    steps: tuple[str, ...] = ()
    longest: str = "30d"
    perform: str = "30d"
    co_units: tuple[Call, ...] = ()

    def holds(self, dispute: bool) -> bool:
        """Return whether the level is for this case."""
        return self.when is None or (self.when == "dispute" and dispute)


@dataclass(frozen=True)
class Playbook:
    """A playbook. ``takes`` names its categories, ``verify`` the call for who checks, ``supervisors`` who rules, nearest first.

    ``returns`` is the budget of a case: the last one asks for a ruling, the others go to the next fitting responder.
    """

    name: str
    version: str
    title: dict[str, str]
    takes: tuple[str, ...]
    ladder: tuple[Level, ...]
    verify: Call
    supervisors: tuple[Call, ...]
    returns: int = 2


def choose(playbooks: tuple[Playbook, ...], category: str) -> Playbook | None:
    """Return the first playbook that takes the category; None where none does."""
    return next((playbook for playbook in playbooks if category in playbook.takes), None)


NO_PLAYBOOK = Playbook(
    name="none",
    version="0",
    title={"zh": "无预案", "en": "No playbook"},
    takes=(),
    ladder=(Level("ruling", Respond("assign"), Call(Role.SUPERVISOR, AreaKind.COMMUNITY)),),
    verify=Call(Role.GRID_WORKER, AreaKind.GRID),
    supervisors=tuple(Call(Role.SUPERVISOR, kind) for kind in (AreaKind.COMMUNITY, AreaKind.STREET, AreaKind.DISTRICT)),
)
"""For a case that no playbook fits: nobody is called but the supervisor, on whose ruling a unit stands on its one level."""
