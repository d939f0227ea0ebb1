"""The interface of a way to respond: what a level of a playbook does that names it.

A response speaks for one level run at a time. It changes that run and its assignments, and returns the events together with
what follows for the level, as a `LevelResult`. It never moves the case itself: `ladder.follow` does.

The methods of `Response` hold the rules that all ways share: a unit that is assigned handles the matter, hands up or returns,
and the level is done when enough units have handled it. A way to respond overrides what differs. See `responses` for the
registry.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Command, EarlierFact, EscalationCause, Party, Request, Respond
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch.domain import assignments, clocks
from services.dispatch.domain.case import Case, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, Step
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.report import Report


@dataclass(frozen=True)
class LevelResult:
    """The effects of a command or request on a level run, and what follows for the case.

    ``completed`` is how the level ended the work; ``left`` is why the case leaves the level for the next one. Where both are
    None, the level goes on.
    """

    outcome: Effects
    run: LevelRun
    completed: Ending | None = None
    left: EscalationCause | None = None


TakeCommand = Callable[[Case, Report, CaseContext], LevelResult]
TakeRequest = Callable[[Case, Party, CaseContext], LevelResult]
TakeTimer = Callable[[Case, str, int, CaseContext], Effects]
"""Called with the case, the timer's detail, and the timer's generation."""


class Response(ABC):
    """One way to respond. Each method gets the case and the level run that it is about."""

    respond: ClassVar[Respond]
    """The word of the playbook that names it."""
    state_class: ClassVar[type | None] = None
    """The dataclass that a level run carries as `response_state`; None where the assignments say everything."""
    document_key: ClassVar[str] = ""
    """The name of that state in the stored document of a level run."""
    level_fields: ClassVar[frozenset[str]] = frozenset()
    """The fields of a playbook's level that no other response knows: a level that names another response may not set them."""
    required_clocks: ClassVar[Mapping[Clock, str]] = {}
    """The clocks that a level has to set, each with the text that refuses a level without it."""
    police_matter_problem: ClassVar[str | None] = None
    """The text that refuses a level of a playbook for police matters; None where such a matter may come here."""
    earlier_facts: ClassVar[Mapping[type[EventPayload], EarlierFact]] = {}
    """The events by which a later command is refused as too late, and the fact that the refusal names."""

    @property
    def commands(self) -> Mapping[Command, TakeCommand]:
        """The commands that this response alone takes. Each finds its own level run, and raises Refused by name."""
        return {}

    @property
    def requests(self) -> Mapping[Request, TakeRequest]:
        """The requests of a party that this response takes."""
        return {}

    @property
    def timers(self) -> Mapping[str, TakeTimer]:
        """The timers that this response arms, by the kind in front of the colon of the timer's name."""
        return {}

    # --- opening a level

    def reach(self, case: Case, level: Level, context: CaseContext) -> list[str]:
        """Return the units that the level would call, the lead first; an empty list skips the level."""
        return case.find(level.to, context)

    @abstractmethod
    def open(self, case: Case, run: LevelRun, reached: list[str], context: CaseContext) -> Effects:
        """Name the units of a level and set up the state of its run. ``reached`` is what `reach` returned, never empty."""

    def name_another(self, case: Case, run: LevelRun, unit: str, context: CaseContext) -> Effects:
        """Name the next fitting unit in the place of one that returned or left the directory."""
        return assignments.name(case, run, unit, context)

    def prepare_ruling(self, case: Case, run: LevelRun, unit: str, context: CaseContext) -> Effects:
        """Adapt an open level to the unit that a supervisor's ruling is about to name on it."""
        return NO_EFFECTS

    # --- reporting

    def report_in(self, case: Case, run: LevelRun, assignment: Assignment, on_time: bool) -> Effects:
        """Announce what a unit's report-in (报到) means beyond its own assignment."""
        return NO_EFFECTS

    def handle(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Take a unit's word that it handled the matter. Raises NotNow where its work ends by another command."""
        handled = record_handled(case, assignment, report)
        return LevelResult(handled, run, completed=Ending.HANDLED if self.is_done(case, run) else None)

    def hand_up(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Take a unit's word that it cannot solve the matter here. Raises NotNow where its work ends by another command."""
        said = Effects(case.stepped(events.AssignmentHandedUp, assignment, report.actor))
        said += clocks.stop(case, lambda running: running.assignment == assignment.id)
        assignment.given_up = True
        return LevelResult(said, run, left=None if self.can_still_finish(case, run) else EscalationCause.HANDED_UP)

    def return_refusal(self, run: LevelRun, assignment: Assignment) -> NotNow | None:
        """Return the refusal of a unit's `return`; None where it may return its assignment."""
        return None

    def is_replaceable(self, run: LevelRun, assignment: Assignment) -> bool:
        """Return whether another unit takes the work over when this one leaves the directory."""
        return True

    # --- finishing a level

    def wanted(self, case: Case, run: LevelRun, named: int) -> int:
        """Return how many of the ``named`` units have to handle the matter."""
        return min(1, named)

    def is_done(self, case: Case, run: LevelRun) -> bool:
        """Return whether enough units of a run handled the matter, or one that a ruling named."""
        done = [one for one in case.assignments_on(run) if one.step is Step.DONE]
        return any(one.ruled for one in done) or 0 < self._wanted(case, run) <= len(done)

    def can_still_finish(self, case: Case, run: LevelRun) -> bool:
        """Return whether enough units of a run handled the matter or still may; units that were given up do not count."""
        counted = [one for one in case.assignments_on(run) if one.counted_on]
        return any(one.ruled for one in counted) or 0 < self._wanted(case, run) <= len(counted)

    def latest_extension(self, case: Case, run: LevelRun, assignment: Assignment, context: CaseContext) -> datetime | None:
        """Return the moment beyond which no extension may go; None where only the supervisor limits it."""
        return None

    # --- ending a level

    def end(self, case: Case, run: LevelRun, cause: EscalationCause) -> Effects:
        """End what the run has open: the case leaves the level, is completed by another one, or is routed again.

        It is called for runs that ended before, too, and does nothing for them.
        """
        return NO_EFFECTS

    def withdraw(self, case: Case, run: LevelRun) -> Effects:
        """Disarm the timers of a run of any generation: the case is withdrawn."""
        return NO_EFFECTS

    def leave_playbook(self, case: Case, run: LevelRun) -> Effects:
        """End what a run of any generation has open, and keep in it what it still needs of its level.

        It is called before the case gets the playbook of another category.
        """
        return self.end(case, run, EscalationCause.FAILED)

    def _wanted(self, case: Case, run: LevelRun) -> int:
        return self.wanted(case, run, sum(1 for one in case.assignments_on(run) if one.step is not Step.ENDED))


def record_handled(case: Case, assignment: Assignment, report: Report) -> Effects:
    """Mark an assignment as done and announce it."""
    assignment.step = Step.DONE
    return Effects(case.stepped(events.AssignmentHandled, assignment, report.actor)) + clocks.satisfy(case, assignment)
