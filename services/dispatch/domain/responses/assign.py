"""The response `assign` (派单): one responder, or several, is named and handles the matter.

It keeps no state of its own: the assignments say everything. A level run that a supervisor's ruling began on a level that was
never opened responds this way too, whatever the level names.
"""

from typing import ClassVar

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Respond
from services.dispatch.domain import assignments
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import LevelRun
from services.dispatch.domain.responses.response import Response


class Assign(Response):
    """Name the first fitting responder, or all of them where the level says with ``ack`` how many must handle the matter."""

    respond: ClassVar[Respond] = Respond.ASSIGN
    level_fields: ClassVar[frozenset[str]] = frozenset({"ack"})

    def open(self, case: Case, run: LevelRun, reached: list[str], context: CaseContext) -> Effects:
        """Name the responders of the level."""
        outcome = NO_EFFECTS
        for unit in reached if case.level(run).ack else reached[:1]:
            outcome += assignments.name(case, run, unit, context)
        return outcome

    def wanted(self, case: Case, run: LevelRun, named: int) -> int:
        """Return how many must handle the matter: ``any``, ``all`` or a number of those named."""
        ack = case.level(run).ack or "any"
        return {"any": min(1, named), "all": named}[ack] if ack in {"any", "all"} else min(int(ack), named)
