"""Whether what was agreed was done (履约). The mediator looks by a day that follows from the playbook; a clock of its own waits
for the answer, whatever becomes of the case meanwhile.

The mediator is urged before the day; from the day on the supervisors are asked, ever higher and at the marks of every other
clock, until one of them or the mediator has looked.
"""

from collections.abc import Iterator
from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, Effects
from contracts.codes import EarlierFact
from contracts.events import dispatch as say
from services.dispatch.domain import lateness, marks
from services.dispatch.domain.case import Case, CaseState, NotAssigned, NotNow
from services.dispatch.domain.parts import Mediation, Rung
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World

PERFORMANCE = "performance"
"""The kind of the timer; each agreement has its own."""


def wait(case: Case, rung: Rung, mediation: Mediation, world: World) -> Effects:
    """Wait for the next mark. A pause of the case changes nothing: what was agreed is due all the same."""
    since, due = _span(mediation)
    at = world.calendar.part_of(since, due, marks.part(mediation.asked), _rule(case, rung, mediation))
    return Effects(ArmTimer(case.id, _timer(mediation), at, mediation.asked))


def ask(case: Case, id_: str, asked: int, world: World) -> Effects:
    """A mark was reached: whoever is to look is asked. An older timer, or one of what was looked at, does nothing.

    Where several marks have passed at once, the latest alone is asked for.
    """
    found = next(((rung, one) for rung, one in _awaited(case) if one.id == id_ and one.asked == asked), None)
    if found is None:
        return NO_EFFECTS
    rung, mediation = found
    agreed_at, perform_by = _span(mediation)
    mediation.asked = marks.reached(world, agreed_at, perform_by, _rule(case, rung, mediation), mediation.asked)
    said = case.said(
        say.MediationPerformanceAsked(
            mediation=mediation.id, perform_by=perform_by, number=mediation.asked, to=_asked(case, mediation, world)
        )
    )
    return Effects(said) + wait(case, rung, mediation, world)


def perform(case: Case, report: Report, world: World) -> Effects:
    """What was agreed was done, or was not; also after the case went on. The mediator says so, or a supervisor of the case.

    Raises NotNow where no agreement waits, NotAssigned.
    """
    performed = needed(report.passed, "passed")
    mediation = next((one for _, one in _awaited(case)), None)
    if mediation is None:
        if EarlierFact.PERFORMED in case.history:
            raise lateness.of_case(case, report.command, [EarlierFact.PERFORMED])
        raise NotNow("command: no agreement of this case waits for performance")
    if report.unit != mediation.mediator and report.unit not in case.supervisors(world):
        raise NotAssigned("unit: neither mediated in this case nor supervises it")
    mediation.outcome = "performed" if performed else "not_performed"
    kind = say.MediationPerformed if performed else say.MediationNotPerformed
    return Effects(case.said(kind(mediation=mediation.id)), CancelTimer(case.id, _timer(mediation)))


def forget(case: Case) -> Effects:
    """The case was withdrawn: nobody is asked any more."""
    return Effects(*(CancelTimer(case.id, _timer(mediation)) for _, mediation in _awaited(case)))


def _awaited(case: Case) -> Iterator[tuple[Rung, Mediation]]:
    """The agreements of any generation that nobody has looked at, the latest first."""
    for rung in reversed(case.rungs if case.state is not CaseState.WITHDRAWN else []):
        if rung.mediation and rung.mediation.outcome == "agreed":
            yield rung, rung.mediation


def _asked(case: Case, mediation: Mediation, world: World) -> str | None:
    """The mediator before the day, while the directory knows it; else a supervisor."""
    if mediation.asked < marks.BREACHED and world.directory.responder(mediation.mediator) is not None:
        return mediation.mediator
    return marks.above(case, max(mediation.asked, marks.BREACHED), world)


def _rule(case: Case, rung: Rung, mediation: Mediation) -> str:
    """The span that the agreement's day was computed by; agreements of an older version did not keep it."""
    return mediation.perform or case.level(rung).perform


def _span(mediation: Mediation) -> tuple[datetime, datetime]:
    """From the agreement to the day by which somebody is to look."""
    assert mediation.agreed_at, "set with the agreement"
    assert mediation.perform_by, "set with the agreement"
    return mediation.agreed_at, mediation.perform_by


def _timer(mediation: Mediation) -> str:
    return f"{PERFORMANCE}:{mediation.id}"
