"""涉警事项: suspected crime, domestic violence and harm to minors. They go straight to the police, and never to a property
company or to mediation: not by a playbook, an escalation, a return or a ruling.
"""

from collections.abc import Iterator

from chassis.effects import Refused
from contracts.codes import Respond, Role
from services.dispatch.domain.playbook import Call, Level, Playbook
from services.dispatch.domain.world import World

NEVER = frozenset({Role.PROPERTY, Role.MEDIATOR})
"""Who never gets such a matter."""


class NeverToThem(Refused):
    """A ruling that would send a police matter to a property company or a mediator."""


def bars(category: str, role: Role, world: World) -> bool:
    """Whether a responder of this role may not get a matter of this category."""
    return role in NEVER and category in world.police_matters


def wrongs(playbook: Playbook, police_matters: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a playbook that takes a police matter: the path within it, and why."""
    taken = sorted(police_matters.intersection(playbook.takes))
    if not taken:
        return
    why = f"it takes the police matter {taken[0]!r}, which"
    if playbook.ladder[0].to.role is not Role.POLICE or playbook.ladder[0].when is not None:
        yield "ladder.0", f"{why} goes straight to the police"
    for index, level in enumerate(playbook.ladder):
        if level.respond is Respond.MEDIATE:
            yield f"ladder.{index}.respond", f"{why} is never mediated"
        for where, call in _calls(level):
            if call.role in NEVER:
                yield f"ladder.{index}.{where}.role", f"{why} never goes to a {call.role.value}"
    if playbook.verify.role in NEVER:
        yield "verify.role", f"{why} is never verified by a {playbook.verify.role.value}"


def _calls(level: Level) -> Iterator[tuple[str, Call]]:
    yield "to", level.to
    for number, call in enumerate(level.co_units):
        yield f"with.{number}", call
