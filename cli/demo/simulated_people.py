"""The simulated people: an event makes a person act, later.

Pure and deterministic: every decision is drawn from a generator seeded with the file's seed and the ids it is about, never from
what was drawn before. So what `SimulatedPeople.hear` answers depends on the event alone, in whatever order events are heard.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from cli.demo.acts import Act, Kind
from cli.demo.delay_syntax import ActionTiming
from cli.demo.requests import Whistle
from cli.demo.rules import ANYBODY, Course, Rules, Situation, draw
from cli.demo.steps import STEPS, By, Step
from cli.demo.town import APPS, DESK, SUPERVISORS, Town, supervisor_of, team_of
from contracts.codes import Command, ExhaustionCause, Party, Request, ReturnReason
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.dispatch.domain.work_calendar import WorkCalendar

PARKED_FOR = "cannot_be_solved_now"


P = TypeVar("P", bound=EventPayload)
Answer = Callable[[Event[P], Whistle], list[Act]]
"""Returns the acts by which the simulated people answer an event with this payload."""


def _line(payload: type[P], answer: Answer[P]) -> tuple[str, Answer[Any]]:
    return payload.type, answer


@dataclass(frozen=True)
class Encounter:
    """A situation that a person meets: the event, the whistle of its ticket, and the ids that the decision depends on.

    ``unit`` is who was asked. ``wait`` holds back the first session until the parties consent.
    """

    situation: Situation
    event: Event
    whistle: Whistle
    about: tuple[str, ...]
    unit: str = ""
    wait: datetime | None = None

    def random(self, seed: str, *more: str) -> Random:
        """Return the random generator of this decision alone."""
        return Random("|".join((seed, self.situation.value, *self.about, *more)))


class SimulatedPeople:
    """All people outside the services: producers, units, supervisors, residents and the front desk."""

    def __init__(self, rules: Rules, town: Town, whistles: Iterable[Whistle], calendar: WorkCalendar):
        self._rules, self._town = rules, town
        self._pace = ActionTiming(calendar, rules.grid, rules.pace)
        self._whistles = {one.ticket: one for one in whistles}
        self._answers: Mapping[str, Answer[Any]] = dict(
            (
                _line(t.TicketOpened, self._opened),
                _line(t.ClusterProposed, self._proposed),
                _line(t.TicketVerified, self._verified),
                _line(t.TicketClosed, self._closed),
                _line(d.AssignmentMade, self._assigned),
                _line(d.AssignmentReturned, self._returned),
                _line(d.CaseExhausted, self._exhausted),
                _line(d.DeadlineExtensionAsked, self._extension),
                _line(d.MediationOpened, self._mediation),
                _line(d.MediationAgreed, self._agreed),
                _line(d.MediationPerformanceAsked, self._performance_asked),
            )
        )

    @staticmethod
    def whistles(whistles: Iterable[Whistle]) -> list[Act]:
        """Return the acts of blowing the whistles."""
        return [Act(one.id, one.at, one.account, Kind.WHISTLE, one.id, "whistle", one.data) for one in whistles]

    def hear(self, event: Event) -> list[Act]:
        """Return the acts by which people answer an event; none for an event that does not concern them."""
        answer, whistle = self._answers.get(event.type), self._whistles.get(event.subject)
        return answer(event, whistle) if answer and whistle else []

    def on_grid(self, at: datetime) -> datetime:
        """Return the next moment at which people act."""
        return self._pace.on_grid(at)

    # --- what tickets says

    def _opened(self, event: Event[t.TicketOpened], whistle: Whistle) -> list[Act]:
        situation = Situation.REFERRED if whistle.refer else Situation.OPENED
        return self._acts(Encounter(situation, event, whistle, (event.subject,)))

    def _proposed(self, event: Event[t.ClusterProposed], whistle: Whistle) -> list[Act]:
        return self._acts(Encounter(Situation.PROPOSED, event, whistle, (event.subject, str(event.payload.like))))

    def _verified(self, event: Event[t.TicketVerified], whistle: Whistle) -> list[Act]:
        return self._acts(Encounter(Situation.VERIFIED, event, whistle, (event.subject, str(event.payload.generation))))

    def _closed(self, event: Event[t.TicketClosed], whistle: Whistle) -> list[Act]:
        situation = Situation(f"closed_{event.payload.closure}")
        return self._acts(Encounter(situation, event, whistle, (event.subject, str(event.payload.generation))))

    # --- what dispatch says

    def _assigned(self, event: Event[d.AssignmentMade], whistle: Whistle) -> list[Act]:
        unit = self._town.units.get(event.payload.to)
        if unit is None or unit.meets is None:
            return []
        return self._acts(Encounter(unit.meets, event, whistle, (event.payload.assignment,), unit.code))

    def _returned(self, event: Event[d.AssignmentReturned], whistle: Whistle) -> list[Act]:
        if event.payload.ruling_by is None:
            return []
        return self._acts(Encounter(Situation.RETURNED, event, whistle, (event.payload.assignment,)))

    def _exhausted(self, event: Event[d.CaseExhausted], whistle: Whistle) -> list[Act]:
        if event.payload.cause not in {ExhaustionCause.LAST_LEVEL, ExhaustionCause.NO_RESPONDER}:
            return []
        return self._acts(Encounter(Situation.EXHAUSTED, event, whistle, (event.subject, str(event.sequence))))

    def _extension(self, event: Event[d.DeadlineExtensionAsked], whistle: Whistle) -> list[Act]:
        about = (event.subject, str(event.payload.assignment), str(event.payload.clock))
        return self._acts(Encounter(Situation.EXTENSION, event, whistle, about))

    def _mediation(self, event: Event[d.MediationOpened], whistle: Whistle) -> list[Act]:
        """Return the parties' decisions, each drawn for itself, and the mediator's actions, which depend on both."""
        id_, mediator = event.payload.mediation, event.payload.mediator
        asked = [self._acts(Encounter(Situation.CONSENT, event, whistle, (id_, party.value))) for party in Party]
        wait = max((act.due for acts in asked for act in acts), default=None)
        situation = Situation.MEDIATION if all(asked) else Situation.REFUSED
        told = self._acts(Encounter(situation, event, whistle, (id_,), mediator, wait))
        return [act for acts in (*asked, told) for act in acts]

    def _agreed(self, event: Event[d.MediationAgreed], whistle: Whistle) -> list[Act]:
        mediator = f"{whistle.community.code}-mediator"
        return self._acts(Encounter(Situation.AGREED, event, whistle, (event.payload.mediation,), mediator))

    def _performance_asked(self, event: Event[d.MediationPerformanceAsked], whistle: Whistle) -> list[Act]:
        """Return a supervisor's answer where the mediator did not check; the mediator decided at the agreement."""
        if event.payload.to != supervisor_of(whistle.community.code):
            return []
        return self._acts(Encounter(Situation.NOT_LOOKED_AT, event, whistle, (event.payload.mediation,)))

    # --- within

    def _acts(self, met: Encounter) -> list[Act]:
        at, acts = met.event.time, []
        random = met.random(self._rules.seed)
        for number, (word, delay) in enumerate(self._course(met, random)):
            if word == Command.SESSION and met.wait:
                at = max(at, met.wait)
            at = self._pace.due(at, delay, met.whistle.urgency, random)
            acts.append(self._act(met, number, word, at))
        return acts

    def _course(self, met: Encounter, random: Random) -> Course:
        return self._rules.situations[met.situation].draw(random, self.character(met.unit) if met.unit else ANYBODY)

    def character(self, unit: str) -> str:
        """Return a unit's character: the same in every matter."""
        return draw(self._rules.characters, Random(f"{self._rules.seed}|character|{unit}"))

    def _act(self, met: Encounter, number: int, word: str, due: datetime) -> Act:
        step = STEPS[word]
        account, kind, data = self._filed(met, step)
        id_ = "-".join((*met.about, met.situation.value, str(number), word))
        more = self._more(met, word, step, due)
        return Act(id_, due, account, kind, met.event.subject, step.name, {**data, **step.data, **more}, met.event)

    def _filed(self, met: Encounter, step: Step) -> tuple[str, Kind, dict[str, Any]]:
        if step.by is By.DESK:
            return DESK, Kind.DESK, {}
        if step.by is By.RESIDENT:
            return DESK, Kind.REQUEST, {"request": step.name}
        if step.by is By.SUPERVISOR:
            unit = supervisor_of(met.whistle.community.code)
            return SUPERVISORS, Kind.REPORT, {"command": step.name, "unit": unit}
        return APPS[self._town.units[met.unit].role], Kind.REPORT, {"command": step.name, "unit": met.unit}

    def _more(self, met: Encounter, word: str, step: Step, due: datetime) -> Mapping[str, Any]:
        """Return the data of a step that behaviour.yaml does not contain."""
        says: dict[str, Callable[[], dict[str, Any]]] = {
            Command.RETURN: lambda: {"reason": self._chosen(met, [one.value for one in ReturnReason])},
            Command.EXTEND: lambda: {"until": due + self._rules.extension},
            Command.RULE: lambda: {"to": team_of(met.whistle.community)},
            Command.EXCUSE: lambda: {"to": met.unit},
            Request.CONSENT: lambda: {"party": met.about[-1]},
            Request.WITHDRAW: lambda: {"party": self._chosen(met, [one.value for one in Party])},
            "merge": lambda: {"into": met.about[-1]},
            "park": lambda: {"reason": PARKED_FOR, "review_at": due + self._rules.review},
            "shelve": lambda: {"reason": PARKED_FOR, "review_at": due + self._rules.shelf},
            "refer": lambda: {"reason": met.whistle.refer.value if met.whistle.refer else None},
        }
        return says[word]() if word in says else {}

    def _chosen(self, met: Encounter, among: list[str]) -> str:
        return met.random(self._rules.seed, "chosen").choice(among)
