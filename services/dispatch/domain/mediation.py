"""Mediation: voluntary from end to end. No session without every party's live consent, which can be withdrawn at any
time.

Crime, domestic violence and harm to minors never come here: see `police_matter`. A failed mediation tells the parties of
court and authority routes; an agreement tells them of judicial confirmation within 30 days. [人民调解工作若干规定 §33]
"""

from chassis.effects import NO_EFFECTS, Effects, Refused
from contracts.codes import EscalationCause, Party
from contracts.events import dispatch as say
from services.dispatch.domain import lateness, performance
from services.dispatch.domain.case import Case, CaseState, NotNow
from services.dispatch.domain.parts import Mediation, Rung, RungState
from services.dispatch.domain.world import World

PARTIES = (Party.APPLICANT, Party.RESPONDENT)


class NoConsent(Refused):
    """A session, or an agreement, without every party's live consent."""


def open_(case: Case, rung: Rung, mediator: str) -> Effects:
    """Invite the mediator and ask every party."""
    number = sum(1 for other in case.rungs if other.mediation) + 1
    rung.mediation = Mediation(f"{case.id}-m{number}", mediator, dict.fromkeys(PARTIES, False))
    return Effects(
        case.said(
            say.MediationOpened(
                mediation=rung.mediation.id,
                generation=case.generation,
                mediator=mediator,
                parties=[party.value for party in PARTIES],
                steps=list(case.level(rung).steps),
            )
        )
    )


def live(case: Case) -> tuple[Rung, Mediation]:
    """The mediation that is going on. Raises TooLate where it has ended, NotNow where there was none."""
    for rung in reversed(case.rungs if case.state is not CaseState.WITHDRAWN else []):
        if rung.mediation and rung.mediation.outcome is None and rung.generation == case.generation:
            return rung, rung.mediation
    if case.state is CaseState.WITHDRAWN:
        raise lateness.of_case(case, "what is said of the mediation", lateness.WITHDRAWN)
    if any(rung.mediation for rung in case.rungs):
        raise lateness.of_case(case, "what is said of the mediation", lateness.MEDIATED)
    raise NotNow("command: no mediation is going on in this case")


def take_over(rung: Rung, mediator: str) -> None:
    """A mediation that is going on goes on under another mediator; the consents stand."""
    if rung.mediation and rung.mediation.outcome is None:
        rung.mediation.mediator = mediator


def consent(case: Case, party: Party) -> Effects:
    """A party consents. Raises NotNow."""
    _, mediation = live(case)
    if mediation.consents[party]:
        return NO_EFFECTS
    mediation.consents[party] = True
    return Effects(case.said(say.MediationConsented(mediation=mediation.id, party=party)))


def withdraw(case: Case, party: Party) -> tuple[Effects, Rung]:
    """A party no longer consents; whoever calls moves the case up. Raises NotNow."""
    rung, mediation = live(case)
    mediation.consents[party] = False
    return Effects(case.said(say.MediationConsentWithdrawn(mediation=mediation.id, party=party))), rung


def session(case: Case) -> Effects:
    """A session was held. Raises NoConsent, NotNow."""
    rung, mediation = _with_consent(case)
    steps = case.level(rung).steps
    number = len(mediation.sessions)
    step = steps[min(number, len(steps) - 1)] if steps else "session"
    mediation.sessions.append(step)
    return Effects(case.said(say.MediationSessionHeld(mediation=mediation.id, number=number + 1, step=step)))


def agree(case: Case, world: World) -> Effects:
    """The parties agreed, after at least one session. Raises NoConsent, NotNow."""
    rung, mediation = _with_consent(case)
    if not mediation.sessions:
        raise NotNow("command: nobody can agree before a session was held")
    mediation.outcome, rung.state, mediation.perform = "agreed", RungState.DONE, case.level(rung).perform
    mediation.agreed_at, mediation.perform_by = world.at, world.calendar.due(world.at, mediation.perform).at
    agreed = say.MediationAgreed(mediation=mediation.id, sessions=len(mediation.sessions), perform_by=mediation.perform_by)
    return Effects(case.said(agreed)) + performance.wait(case, rung, mediation, world)


def end(case: Case, rung: Rung, cause: EscalationCause) -> Effects:
    """A mediation that the case moved up from has failed."""
    mediation = rung.mediation
    if mediation is None or mediation.outcome is not None:
        return NO_EFFECTS
    mediation.outcome = "failed"
    return Effects(case.said(say.MediationFailed(mediation=mediation.id, cause=cause)))


def _with_consent(case: Case) -> tuple[Rung, Mediation]:
    rung, mediation = live(case)
    if not mediation.consented:
        missing = ", ".join(sorted(party.value for party, given in mediation.consents.items() if not given))
        raise NoConsent(f"command: no live consent of {missing}")
    return rung, mediation
