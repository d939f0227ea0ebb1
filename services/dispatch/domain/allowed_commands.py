"""The commands that a unit may give now: each is tried on a copy of the case, so that the list and the rules always agree.

A command that needs a further field is tried with values that make sense. It is allowed if one of them is not refused.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chassis.effects import Refused
from contracts.codes import Command, Role
from contracts.codes import ReturnReason as Reason
from services.dispatch.domain import clocks, commands
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.refusal_texts import RefusalText, text_of
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses.convene import joint_action_of

WANTS: dict[Command, tuple[str, ...]] = {
    Command.RETURN: ("reason",),
    Command.VERIFY: ("passed",),
    Command.PERFORM: ("passed",),
    Command.EXCUSE: ("to",),
    Command.EXTEND: ("until",),
    Command.PAUSE: ("until",),
}
"""The fields that a command needs besides the unit. Those of a ruling depend on what is asked, see `_rulings`."""
SOON = timedelta(minutes=1)
"""An extension is tried with a new due time that is this much later than the old one: any limit allows it, if it allows one."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Choice:
    """A command of a unit: whether it is allowed now, the further fields it needs, and why it is refused.

    ``tried`` is the report that was tried; an allowed command may be given with exactly these fields.
    """

    command: Command
    wants: tuple[str, ...]
    refused: RefusalText | None
    tried: Report

    @property
    def allowed(self) -> bool:
        """Return whether the command may be given now."""
        return self.refused is None


class _Trial:
    """The trial of reports on copies of a case. A refused report has changed nothing, so its copy serves for the next."""

    def __init__(self, case: Case, context: CaseContext):
        self.case, self.context = case, context
        self._unchanged: Case | None = None

    def refusal(self, report: Report) -> Refused | None:
        """Return why a report is refused; None where it is taken."""
        tried, self._unchanged = self._unchanged or copy_of(self.case), None
        try:
            commands.execute(tried, report, self.context)
        except Refused as why:
            self._unchanged = tried
            return why
        return None

    def choice(self, wants: tuple[str, ...], reports: Iterator[Report]) -> Choice:
        """Return the first report that is taken; else the refusal that says most: one that is not about the further field."""
        refused: list[Choice] = []
        for report in reports:
            why = self.refusal(report)
            if why is None:
                return Choice(report.command, wants, None, report)
            about_field = any(name in why.errors for name in wants)
            refused.insert(len(refused) if about_field else 0, Choice(report.command, wants, text_of(why), report))
        return refused[0]


def choices(case: Case, unit: str, actor: str, context: CaseContext) -> list[Choice]:
    """Return every command for a unit whose account is ``actor``. The case stays as it is.

    A ruling is there twice while a unit is to be named and an extension is to be decided.
    """
    trial = _Trial(case, context)
    found: list[Choice] = []
    for command in Command:
        if command is Command.RULE:
            found += _rulings(trial, unit, actor)
        else:
            found.append(trial.choice(WANTS.get(command, ()), _reports(case, command, unit, actor, context)))
    return found


def _rulings(trial: _Trial, unit: str, actor: str) -> list[Choice]:
    """Return the rulings that are allowed, by which a unit is named or an extension is decided; the first where none is."""
    named = [Report(Command.RULE, unit, actor, to=to) for to in _nameable(trial.case, trial.context) or [unit]]
    decided = Report(Command.RULE, unit, actor, passed=True)
    both = [trial.choice(("to",), iter(named)), trial.choice(("passed",), iter([decided]))]
    return [one for one in both if one.allowed] or both[:1]


def _reports(case: Case, command: Command, unit: str, actor: str, context: CaseContext) -> Iterator[Report]:
    """Yield the reports by which a command is tried, at least one."""
    if command is Command.RETURN:
        yield Report(command, unit, actor, reason=Reason.NOT_MY_DUTY)
    elif command in {Command.VERIFY, Command.PERFORM}:
        yield Report(command, unit, actor, passed=True)
    elif command is Command.PAUSE:
        yield Report(command, unit, actor, until=context.at + A_DAY)
    elif command is Command.EXTEND:
        dues = {clocks.due_now(case, one, context) for one in case.clocks if one.live}
        for due in sorted(dues) or [context.at]:
            yield Report(command, unit, actor, until=due + SOON)
    elif command is Command.EXCUSE:
        actions = filter(None, map(joint_action_of, case.level_runs))
        for to in list(dict.fromkeys(to for action in actions for to in action.units)) or [unit]:
            yield Report(command, unit, actor, to=to)
    else:
        yield Report(command, unit, actor)


def _nameable(case: Case, context: CaseContext) -> list[str]:
    """Return one unit of each role that a ruling could name. The rules look at its role, and at who handled the matter."""
    handlers = set(case.handlers())
    by_role: dict[Role, str] = {}
    for one in context.directory.responders:
        if one.id not in handlers:
            by_role.setdefault(one.role, one.id)
    return list(by_role.values())


def copy_of(case: Case) -> Case:
    """Return a copy of a case; its playbook, which nothing changes, is shared."""
    return copy.deepcopy(case, {id(case.playbook): case.playbook})
