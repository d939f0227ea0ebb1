"""The simulated people: what is heard makes somebody act, later.

Pure and deterministic: every decision is drawn from a generator seeded with the file's seed and the ids it is about, never from
what was drawn before. So what `Street.hear` answers depends on the event alone, in whatever order events are heard.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from cli.demo.acts import Act, Kind
from cli.demo.delays import Pace
from cli.demo.requests import Whistle
from cli.demo.rules import ANYBODY, Course, Rules, Situation, drawn
from cli.demo.steps import STEPS, By, Step
from cli.demo.town import APPS, DESK, SUPERVISORS, Town, supervisor_of, team_of
from contracts.codes import Command, ExhaustionCause, Party, Request, ReturnReason
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.dispatch.domain.due import WorkCalendar

PARKED_FOR = "cannot_be_solved_now"


P = TypeVar("P", bound=EventPayload)
Answer = Callable[[Event[P], Whistle], list[Act]]
"""Returns the acts by which the simulated people answer an event with this payload."""


def _line(payload: type[P], answer: Answer[P]) -> tuple[str, Answer[Any]]:
    return payload.type, answer


@dataclass(frozen=True)
class Met:
    """A situation that somebody meets: what was heard, of which whistle's ticket, and the ids that the decision is about.

    ``unit`` is who was asked. ``wait`` holds back the first session until the parties consent.
    """

    situation: Situation
    event: Event
    whistle: Whistle
    about: tuple[str, ...]
    unit: str = ""
    wait: datetime | None = None

    def random(self, seed: str, *more: str) -> Random:
        """The generator for this decision and no other."""
        return Random("|".join((seed, self.situation.value, *self.about, *more)))


class Street:
    """Everybody outside: producers, units, supervisors, residents and the front desk."""

    def __init__(self, rules: Rules, town: Town, whistles: Iterable[Whistle], calendar: WorkCalendar):
        self._rules, self._town = rules, town
        self._pace = Pace(calendar, rules.grid, rules.pace)
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
        """The acts that begin it all."""
        return [Act(one.id, one.at, one.account, Kind.WHISTLE, one.id, "whistle", one.data) for one in whistles]

    def hear(self, event: Event) -> list[Act]:
        """What people will do about it; nothing about what is none of theirs."""
        answer, whistle = self._answers.get(event.type), self._whistles.get(event.subject)
        return answer(event, whistle) if answer and whistle else []

    def on_grid(self, at: datetime) -> datetime:
        """The next moment at which anything happens at all."""
        return self._pace.on_grid(at)

    # --- what tickets says

    def _opened(self, event: Event[t.TicketOpened], whistle: Whistle) -> list[Act]:
        situation = Situation.REFERRED if whistle.refer else Situation.OPENED
        return self._acts(Met(situation, event, whistle, (event.subject,)))

    def _proposed(self, event: Event[t.ClusterProposed], whistle: Whistle) -> list[Act]:
        return self._acts(Met(Situation.PROPOSED, event, whistle, (event.subject, str(event.payload.like))))

    def _verified(self, event: Event[t.TicketVerified], whistle: Whistle) -> list[Act]:
        return self._acts(Met(Situation.VERIFIED, event, whistle, (event.subject, str(event.payload.generation))))

    def _closed(self, event: Event[t.TicketClosed], whistle: Whistle) -> list[Act]:
        situation = Situation(f"closed_{event.payload.closure}")
        return self._acts(Met(situation, event, whistle, (event.subject, str(event.payload.generation))))

    # --- what dispatch says

    def _assigned(self, event: Event[d.AssignmentMade], whistle: Whistle) -> list[Act]:
        unit = self._town.units.get(event.payload.to)
        if unit is None or unit.meets is None:
            return []
        return self._acts(Met(unit.meets, event, whistle, (event.payload.assignment,), unit.code))

    def _returned(self, event: Event[d.AssignmentReturned], whistle: Whistle) -> list[Act]:
        if event.payload.ruling_by is None:
            return []
        return self._acts(Met(Situation.RETURNED, event, whistle, (event.payload.assignment,)))

    def _exhausted(self, event: Event[d.CaseExhausted], whistle: Whistle) -> list[Act]:
        if event.payload.cause not in {ExhaustionCause.LAST_LEVEL, ExhaustionCause.NO_RESPONDER}:
            return []
        return self._acts(Met(Situation.EXHAUSTED, event, whistle, (event.subject, str(event.sequence))))

    def _extension(self, event: Event[d.DeadlineExtensionAsked], whistle: Whistle) -> list[Act]:
        about = (event.subject, str(event.payload.assignment), str(event.payload.clock))
        return self._acts(Met(Situation.EXTENSION, event, whistle, about))

    def _mediation(self, event: Event[d.MediationOpened], whistle: Whistle) -> list[Act]:
        """Each party decides for itself; what the mediator can do depends on both."""
        id_, mediator = event.payload.mediation, event.payload.mediator
        asked = [self._acts(Met(Situation.CONSENT, event, whistle, (id_, party.value))) for party in Party]
        wait = max((act.due for acts in asked for act in acts), default=None)
        situation = Situation.MEDIATION if all(asked) else Situation.REFUSED
        told = self._acts(Met(situation, event, whistle, (id_,), mediator, wait))
        return [act for acts in (*asked, told) for act in acts]

    def _agreed(self, event: Event[d.MediationAgreed], whistle: Whistle) -> list[Act]:
        mediator = f"{whistle.community.code}-mediator"
        return self._acts(Met(Situation.AGREED, event, whistle, (event.payload.mediation,), mediator))

    def _performance_asked(self, event: Event[d.MediationPerformanceAsked], whistle: Whistle) -> list[Act]:
        """The mediator decided when the parties agreed; a supervisor is asked where the mediator did not look."""
        if event.payload.to != supervisor_of(whistle.community.code):
            return []
        return self._acts(Met(Situation.NOT_LOOKED_AT, event, whistle, (event.payload.mediation,)))

    # --- within

    def _acts(self, met: Met) -> list[Act]:
        at, acts = met.event.time, []
        random = met.random(self._rules.seed)
        for number, (word, delay) in enumerate(self._course(met, random)):
            if word == Command.SESSION and met.wait:
                at = max(at, met.wait)
            at = self._pace.due(at, delay, met.whistle.urgency, random)
            acts.append(self._act(met, number, word, at))
        return acts

    def _course(self, met: Met, random: Random) -> Course:
        return self._rules.situations[met.situation].draw(random, self.character(met.unit) if met.unit else ANYBODY)

    def character(self, unit: str) -> str:
        """A unit's: the same in every matter."""
        return drawn(self._rules.characters, Random(f"{self._rules.seed}|character|{unit}"))

    def _act(self, met: Met, number: int, word: str, due: datetime) -> Act:
        step = STEPS[word]
        account, kind, data = self._filed(met, step)
        id_ = "-".join((*met.about, met.situation.value, str(number), word))
        more = self._more(met, word, step, due)
        return Act(id_, due, account, kind, met.event.subject, step.name, {**data, **step.data, **more}, met.event)

    def _filed(self, met: Met, step: Step) -> tuple[str, Kind, dict[str, Any]]:
        if step.by is By.DESK:
            return DESK, Kind.DESK, {}
        if step.by is By.RESIDENT:
            return DESK, Kind.REQUEST, {"request": step.name}
        if step.by is By.SUPERVISOR:
            unit = supervisor_of(met.whistle.community.code)
            return SUPERVISORS, Kind.REPORT, {"command": step.name, "unit": unit}
        return APPS[self._town.units[met.unit].role], Kind.REPORT, {"command": step.name, "unit": met.unit}

    def _more(self, met: Met, word: str, step: Step, due: datetime) -> Mapping[str, Any]:
        """What the step says that street.yaml does not."""
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

    def _chosen(self, met: Met, among: list[str]) -> str:
        return met.random(self._rules.seed, "chosen").choice(among)
