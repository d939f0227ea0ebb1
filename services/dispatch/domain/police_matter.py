"""Police matters (涉警事项): suspected crime, domestic violence and harm to minors.

They go straight to the police, and never to a property company or to mediation: not by a playbook, an escalation, a return or
a ruling.
"""

from chassis.effects import Refused
from contracts.codes import Role
from services.dispatch.domain.context import CaseContext

NEVER = frozenset({Role.PROPERTY, Role.MEDIATOR})
"""The roles that never get such a matter."""


class NeverToThem(Refused):
    """A ruling that would send a police matter to a property company or a mediator."""


def bars(category: str, role: Role, context: CaseContext) -> bool:
    """Return whether a responder of this role may not get a matter of this category."""
    return role in NEVER and category in context.police_matters
