"""The response `mediate` (贤达调解): a mediator is invited, every party consents, and sessions lead to an agreement or fail.

Mediation is voluntary from end to end: no session without every party's live consent, which can be withdrawn at any time.
Crime, domestic violence and harm to minors never come here: see `police_matter`. A failed mediation tells the parties of
court and authority routes; an agreement tells them of judicial confirmation within 30 days. [人民调解工作若干规定 §33]
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from chassis.effects import NO_EFFECTS, Effects, Refused
from contracts.codes import Clock, Command, EarlierFact, EscalationCause, Party, Request, Respond
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch.domain import agreement_compliance, assignments, lateness
from services.dispatch.domain.case import Case, CaseState, NotAssigned, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, LevelRunState
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.responses.response import (
    LevelResult,
    Response,
    TakeCommand,
    TakeRequest,
    TakeTimer,
    record_handled,
)

PARTIES = (Party.APPLICANT, Party.RESPONDENT)
ENDED = (EarlierFact.AGREED, EarlierFact.FAILED)


class NoConsent(Refused):
    """A session, or an agreement, without every party's live consent."""


class NoMediation(NotNow):
    """The command is for a mediation, and none is going on."""


class NoSession(NotNow):
    """An agreement before a session was held."""


class NoAgreement(NotNow):
    """No agreement waits for its performance."""


class InMediation(NotNow):
    """A mediation ends with an agreement or fails: its mediator neither handles nor hands up."""


class MovesNoMore(NotNow):
    """A mediation cannot fail any more: the case has left its level."""


@dataclass
class Mediation:
    """A mediation. ``consents`` are live: each can be withdrawn at any time."""

    id: str
    mediator: str
    consents: dict[Party, bool]
    sessions: list[str] = field(default_factory=list)
    outcome: str | None = None
    """None while it goes on; then agreed or failed; at last performed or not_performed."""
    agreed_at: datetime | None = None
    perform_by: datetime | None = None
    perform: str | None = None
    """The span after which performance is looked at, such as 30d; None before the parties agreed."""
    asked: int = 0
    """The number of questions so far about the agreement's performance."""
    withdrawn: list[Party] = field(default_factory=list)
    """The parties that withdrew, for people who read the case; the rules look at ``consents``."""

    @property
    def goes_on(self) -> bool:
        """Return whether it has neither led to an agreement nor failed."""
        return self.outcome is None


class Mediate(Response):
    """Invite a mediator, and ask every party for consent."""

    respond: ClassVar[Respond] = Respond.MEDIATE
    state_class: ClassVar[type | None] = Mediation
    document_key: ClassVar[str] = "mediation"
    level_fields: ClassVar[frozenset[str]] = frozenset({"steps"})
    required_clocks: ClassVar[Mapping[Clock, str]] = {
        Clock.HANDLE_WITHIN: "A mediation needs handle_within: it may not go on for ever."
    }
    police_matter_problem: ClassVar[str | None] = "is never mediated"
    earlier_facts: ClassVar[Mapping[type[EventPayload], EarlierFact]] = {
        events.MediationAgreed: EarlierFact.AGREED,
        events.MediationFailed: EarlierFact.FAILED,
        events.MediationPerformed: EarlierFact.PERFORMED,
        events.MediationNotPerformed: EarlierFact.PERFORMED,
    }

    @property
    def commands(self) -> Mapping[Command, TakeCommand]:
        """Take the mediator's commands, and `perform` also from supervisors."""
        mediators = {Command.SESSION: self.session, Command.AGREE: self.agree, Command.FAIL: self.fail}
        return {**mediators, Command.PERFORM: self.perform}

    @property
    def requests(self) -> Mapping[Request, TakeRequest]:
        """Take a party's consent, and its withdrawal."""
        return {Request.CONSENT: self.consent, Request.WITHDRAW: self.withdraw_consent}

    @property
    def timers(self) -> Mapping[str, TakeTimer]:
        """Take the timer of each agreement."""
        return {agreement_compliance.PERFORMANCE: self.ask_performance}

    # --- opening

    def reach(self, case: Case, level: Level, context: CaseContext) -> list[str]:
        """Return the fitting mediators; nobody for a police matter, whoever would mediate."""
        return [] if case.category in context.police_matters else super().reach(case, level, context)

    def open(self, case: Case, run: LevelRun, reached: list[str], context: CaseContext) -> Effects:
        """Name the mediator and ask every party."""
        named = assignments.name(case, run, reached[0], context)
        number = sum(1 for other in case.level_runs if mediation_of(other)) + 1
        mediation = Mediation(f"{case.id}-m{number}", reached[0], dict.fromkeys(PARTIES, False))
        run.response_state = mediation
        opened = events.MediationOpened(
            mediation=mediation.id,
            generation=case.generation,
            mediator=mediation.mediator,
            parties=[party.value for party in PARTIES],
            steps=list(case.level(run).steps),
        )
        return Effects(*named, case.said(opened))

    def name_another(self, case: Case, run: LevelRun, unit: str, context: CaseContext) -> Effects:
        """Name another mediator: a mediation that goes on goes on under this one, and the consents stand."""
        _take_over(run, unit)
        return assignments.name(case, run, unit, context)

    def prepare_ruling(self, case: Case, run: LevelRun, unit: str, context: CaseContext) -> Effects:
        """Let the mediation go on under a unit that a ruling names, if it has the mediator's role; else it has failed."""
        named = context.directory.responder(unit)
        if named and named.role is case.level(run).to.role:
            _take_over(run, unit)
            return NO_EFFECTS
        return self.end(case, run, EscalationCause.FAILED)

    # --- the mediator's commands

    def session(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Record a session. Raises NoConsent, NotNow, NotAssigned."""
        _mediators_assignment(case, report)
        run, mediation = _with_consent(case)
        steps, number = case.level(run).steps, len(mediation.sessions)
        step = steps[min(number, len(steps) - 1)] if steps else "session"
        mediation.sessions.append(step)
        held = events.MediationSessionHeld(mediation=mediation.id, number=number + 1, step=step)
        return LevelResult(Effects(case.said(held)), run)

    def agree(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Record the parties' agreement, which ends the work. Raises NoConsent, NotAssigned, and NotNow before a session."""
        assignment = _mediators_assignment(case, report)
        run, mediation = _with_consent(case)
        if not mediation.sessions:
            raise NoSession("command: nobody can agree before a session was held")
        outcome = _agreed(case, run, mediation, context) + record_handled(case, assignment, report)
        return LevelResult(outcome, case.level_run(assignment.level_index), completed=Ending.AGREED)

    def fail(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Let the case move up, since the parties do not agree. Raises NotNow, NotAssigned."""
        run = case.level_run(_mediators_assignment(case, report).level_index)
        nothing_follows = _live(run) is None and case.open_above(run)
        if case.state is not CaseState.WORKING or run.state is not LevelRunState.OPEN or nothing_follows:
            raise MovesNoMore("command: the case does not move up any more")
        return LevelResult(NO_EFFECTS, run, left=EscalationCause.FAILED)

    def perform(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Record whether an agreement was performed, as its mediator or a supervisor saw it. Raises NotNow, NotAssigned."""
        performed = needed(report.passed, "passed")
        run, mediation = next(_agreements(case), (None, None))
        if run is None or mediation is None:
            if EarlierFact.PERFORMED in case.history:
                raise lateness.of_case(case, report.command, [EarlierFact.PERFORMED])
            raise NoAgreement("command: no agreement of this case waits for performance")
        if report.unit != mediation.mediator and report.unit not in case.supervisors(context):
            raise NotAssigned("unit: neither mediated in this case nor supervises it")
        mediation.outcome = "performed" if performed else "not_performed"
        kind = events.MediationPerformed if performed else events.MediationNotPerformed
        return LevelResult(Effects(case.said(kind(mediation=mediation.id)), agreement_compliance.disarm(case, mediation)), run)

    def handle(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Refuse the mediator's `handle`. Raises NotNow."""
        _check_mediates_no_more(run, assignment)
        return super().handle(case, run, assignment, report)

    def hand_up(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Refuse the mediator's `hand_up`. Raises NotNow."""
        _check_mediates_no_more(run, assignment)
        return super().hand_up(case, run, assignment, report)

    def latest_extension(self, case: Case, run: LevelRun, assignment: Assignment, context: CaseContext) -> datetime | None:
        """Return the cap: a month unless all agree [人民调解工作若干规定 §33]. The parties cannot say yet that they do."""
        return context.calendar.due(assignment.made_at, case.level(run).longest, case.pauses_by(context.at)).at

    # --- the parties' requests

    def consent(self, case: Case, party: Party, context: CaseContext) -> LevelResult:
        """Record a party's consent; a second one changes nothing. Raises NotNow."""
        run, mediation = going_on(case)
        if mediation.consents[party]:
            return LevelResult(NO_EFFECTS, run)
        mediation.consents[party] = True
        return LevelResult(Effects(case.said(events.MediationConsented(mediation=mediation.id, party=party))), run)

    def withdraw_consent(self, case: Case, party: Party, context: CaseContext) -> LevelResult:
        """Record that a party no longer consents: the mediation has failed and the case moves up. Raises NotNow."""
        run, mediation = going_on(case)
        mediation.consents[party] = False
        mediation.withdrawn.append(party)
        withdrawn = events.MediationConsentWithdrawn(mediation=mediation.id, party=party)
        return LevelResult(Effects(case.said(withdrawn)), run, left=EscalationCause.CONSENT_WITHDRAWN)

    # --- ending, and what comes after an agreement

    def end(self, case: Case, run: LevelRun, cause: EscalationCause) -> Effects:
        """Let a mediation that goes on fail."""
        mediation = _live(run)
        if mediation is None:
            return NO_EFFECTS
        mediation.outcome = "failed"
        return Effects(case.said(events.MediationFailed(mediation=mediation.id, cause=cause)))

    def withdraw(self, case: Case, run: LevelRun) -> Effects:
        """Ask nobody any more whether an agreement was performed."""
        return Effects(*(agreement_compliance.disarm(case, one) for of, one in _agreements(case) if of is run))

    def leave_playbook(self, case: Case, run: LevelRun) -> Effects:
        """Keep the span of an agreement of an older version, which stands only in the level of the old playbook."""
        mediation = mediation_of(run)
        if mediation and mediation.outcome == "agreed" and mediation.perform is None:
            mediation.perform = case.level(run).perform
        return super().leave_playbook(case, run)

    def ask_performance(self, case: Case, id_: str, asked: int, context: CaseContext) -> Effects:
        """Ask somebody whether an agreement was performed. An older timer, or one of a settled agreement, does nothing."""
        for run, mediation in _agreements(case):
            if mediation.id == id_ and mediation.asked == asked:
                rule = mediation.perform or case.level(run).perform  # agreements of an older version did not keep it
                return agreement_compliance.ask(case, mediation, rule, context)
        return NO_EFFECTS


def mediation_of(run: LevelRun) -> Mediation | None:
    """Return the mediation of a level run; None where it has none."""
    return run.response_state if isinstance(run.response_state, Mediation) else None


def _live(run: LevelRun) -> Mediation | None:
    """Return the mediation of a level run while it goes on."""
    mediation = mediation_of(run)
    return mediation if mediation and mediation.goes_on else None


def going_on(case: Case) -> tuple[LevelRun, Mediation]:
    """Return the mediation that is going on. Raises TooLate where it has ended, NotNow where there was none."""
    if case.state is CaseState.WITHDRAWN:
        raise lateness.of_case(case, "what is said of the mediation", lateness.WITHDRAWN)
    for run in reversed(case.level_runs):
        mediation = _live(run)
        if mediation and run.generation == case.generation:
            return run, mediation
    if any(mediation_of(run) for run in case.level_runs):
        raise lateness.of_case(case, "what is said of the mediation", ENDED)
    raise NoMediation("command: no mediation is going on in this case")


def _with_consent(case: Case) -> tuple[LevelRun, Mediation]:
    run, mediation = going_on(case)
    missing = ", ".join(sorted(party.value for party, given in mediation.consents.items() if not given))
    if missing:
        raise NoConsent(f"command: no live consent of {missing}")
    return run, mediation


def _agreed(case: Case, run: LevelRun, mediation: Mediation, context: CaseContext) -> Effects:
    mediation.outcome, run.state, mediation.perform = "agreed", LevelRunState.DONE, case.level(run).perform
    mediation.agreed_at, mediation.perform_by = context.at, context.calendar.due(context.at, mediation.perform).at
    agreed = events.MediationAgreed(mediation=mediation.id, sessions=len(mediation.sessions), perform_by=mediation.perform_by)
    return Effects(case.said(agreed), agreement_compliance.arm(case, mediation, mediation.perform, context))


def _agreements(case: Case) -> Iterator[tuple[LevelRun, Mediation]]:
    """Yield the agreements of any generation that nobody has looked at, the latest first."""
    for run in reversed(case.level_runs if case.state is not CaseState.WITHDRAWN else []):
        mediation = mediation_of(run)
        if mediation and mediation.outcome == "agreed":
            yield run, mediation


def _mediators_assignment(case: Case, report: Report) -> Assignment:
    _, mediation = going_on(case)
    if mediation.mediator != report.unit:
        raise NotAssigned("unit: does not mediate in this case")
    return case.at_work(report.unit)


def _check_mediates_no_more(run: LevelRun, assignment: Assignment) -> None:
    mediation = _live(run)
    if mediation and mediation.mediator == assignment.to:
        raise InMediation("command: a mediation ends with agree or fail")


def _take_over(run: LevelRun, mediator: str) -> None:
    if mediation := _live(run):
        mediation.mediator = mediator
