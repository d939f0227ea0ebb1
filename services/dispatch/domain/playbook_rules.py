"""The rules that a playbook has to keep beyond its schema: where it may never send a police matter."""

from collections.abc import Iterator

from contracts.codes import Role
from services.dispatch.domain.playbook import Call, Level, Playbook
from services.dispatch.domain.police_matter import NEVER
from services.dispatch.domain.responses import response_of


def police_problems(playbook: Playbook, police_matters: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the problems of a playbook that takes a police matter: the path within it, and the reason."""
    taken = sorted(police_matters.intersection(playbook.takes))
    if not taken:
        return
    why = f"it takes the police matter {taken[0]!r}, which"
    if playbook.ladder[0].to.role is not Role.POLICE or playbook.ladder[0].when is not None:
        yield "ladder.0", f"{why} goes straight to the police"
    for index, level in enumerate(playbook.ladder):
        problem = response_of(level.respond).police_matter_problem
        if problem is not None:
            yield f"ladder.{index}.respond", f"{why} {problem}"
        for where, call in _calls(level):
            if call.role in NEVER:
                yield f"ladder.{index}.{where}.role", f"{why} never goes to a {call.role.value}"
    if playbook.verify.role in NEVER:
        yield "verify.role", f"{why} is never verified by a {playbook.verify.role.value}"


def _calls(level: Level) -> Iterator[tuple[str, Call]]:
    yield "to", level.to
    for number, call in enumerate(level.co_units):
        yield f"with.{number}", call
