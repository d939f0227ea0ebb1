"""A small town for the tests of the case: areas, responders, the playbook 贤邻里, the standard clocks, and a context."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from chassis.effects import ArmTimer, DomainEvent, Effects
from contracts.codes import AreaKind, Command, Party, Request, Role, Urgency
from services.dispatch.config import load_clocks, load_playbook, load_police_matters
from services.dispatch.domain import commands, history, pauses, ticket_reactions
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.directory import Area, Directory, Responder
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses import timer_handlers

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
BOOK = load_playbook(DEPLOY / "playbooks/xianlinli.yaml")
CALENDAR, STANDARDS = load_clocks(DEPLOY / "clocks.yaml")
T0 = datetime(2026, 3, 2, 2, tzinfo=UTC)
"""A Monday, ten in the morning in Xi'an."""

PROPERTY, SECOND, MEDIATOR, LEAD = "property-a", "property-b", "mediator-1", "urban-management"
POLICE, STATION = "police-1", "police-station"
VERIFIER, COMMUNITY, STREET, DISTRICT = "grid-worker-1", "boss-community", "boss-street", "boss-district"
AREAS = {
    area.code: area
    for area in (
        Area("lianhu", AreaKind.DISTRICT),
        Area("huancheng", AreaKind.STREET, "lianhu"),
        Area("shanqi", AreaKind.COMMUNITY, "huancheng"),
        Area("shanqi-1", AreaKind.GRID, "shanqi"),
        Area("yangguang", AreaKind.ESTATE),
    )
}
PEOPLE = (
    Responder(PROPERTY, Role.PROPERTY, ("yangguang",)),
    Responder(SECOND, Role.PROPERTY, ("yangguang",)),
    Responder(MEDIATOR, Role.MEDIATOR, ("shanqi",)),
    Responder(LEAD, Role.DEPARTMENT, ("lianhu",), ("noise",)),
    Responder(POLICE, Role.POLICE, ("shanqi",)),
    Responder(STATION, Role.POLICE, ("huancheng",)),
    Responder(VERIFIER, Role.GRID_WORKER, ("shanqi-1",)),
    Responder(COMMUNITY, Role.SUPERVISOR, ("shanqi",)),
    Responder(STREET, Role.SUPERVISOR, ("huancheng",)),
    Responder(DISTRICT, Role.SUPERVISOR, ("lianhu",)),
)


POLICE_MATTERS = load_police_matters(DEPLOY / "police_matters.yaml")
POLICE_BOOK = load_playbook(DEPLOY / "playbooks/police.yaml", POLICE_MATTERS)


def context(at: datetime = T0, without: tuple[str, ...] = ()) -> CaseContext:
    """The context at a moment, some responders left out."""
    people = tuple(one for one in PEOPLE if one.id not in without)
    return CaseContext(Directory(AREAS, people), CALENDAR, STANDARDS, at, POLICE_MATTERS)


class Told:
    """A case and all that it said: acts by day, rings its own timers as time passes."""

    def __init__(self, without: tuple[str, ...] = (), at: datetime = T0, **changes: Any):
        values: dict[str, Any] = {
            "id": "T1",
            "category": "noise",
            "area": "shanqi-1",
            "estate": "yangguang",
            "urgency": Urgency.E2,
            "dispute": True,
            "opened_at": T0,
            "playbook": BOOK,
        }
        self.case = Case(**values | changes)
        self.context = context(at, without)
        self.said: list[DomainEvent] = []
        self.timers: dict[str, ArmTimer] = {}
        self.armed: list[ArmTimer] = []
        """Every timer that was ever armed."""
        self.note(ticket_reactions.opened(self.case, self.context))

    def note(self, outcome: Effects) -> list[str]:
        """Keep what happened; answers its types without version."""
        self.said += outcome.events
        history.note(self.case, outcome, self.context.at)
        for effect in outcome:
            if isinstance(effect, ArmTimer):
                self.timers[effect.name] = effect
                self.armed.append(effect)
            elif not isinstance(effect, DomainEvent):
                self.timers.pop(effect.name, None)
        for happened in outcome.events:
            happened.payload.to_wire()
        return [happened.payload.type.rpartition(".v")[0] for happened in outcome.events]

    def report(self, command: Command, unit: str, actor: str | None = None, **more: Any) -> list[str]:
        """A unit reports, by an account of its own unless another is named."""
        return self.note(commands.execute(self.case, Report(command, unit, actor or f"app-of-{unit}", **more), self.context))

    def consent(self, party: Party) -> list[str]:
        """A party consents to the mediation."""
        return self.note(commands.execute_request(self.case, Request.CONSENT, party, self.context))

    def withdraw_consent(self, party: Party) -> list[str]:
        """A party withdraws its consent to the mediation."""
        return self.note(commands.execute_request(self.case, Request.WITHDRAW, party, self.context))

    def at(self, moment: datetime) -> None:
        """Time passes: what is due by then rings, in order."""
        while self.timers:
            first = min(self.timers.values(), key=lambda arm: (arm.due, arm.name))
            if first.due > moment:
                break
            del self.timers[first.name]
            self.context = replace(self.context, at=max(first.due, self.context.at))
            self.note(self.ring(first))
        self.context = replace(self.context, at=moment)

    def ring(self, timer: ArmTimer) -> Effects:
        """What a timer brings about, as the service would pass it on."""
        if timer.name == pauses.REVIEW:
            return pauses.review(self.case, timer.generation, self.context)
        kind, _, detail = timer.name.partition(":")
        if kind in timer_handlers():
            return timer_handlers()[kind](self.case, detail, timer.generation, self.context)
        return ticket_reactions.rang(self.case, timer.name, timer.generation, self.context)

    def types(self) -> list[str]:
        """Everything that was said, by type."""
        return [happened.payload.type.rpartition(".v")[0] for happened in self.said]

    def last(self, type_: str) -> Any:
        """The data of the last event of a type."""
        return next(h.payload.by_name() for h in reversed(self.said) if h.payload.type.startswith(type_ + ".v"))


def day(text: str) -> datetime:
    """A local time of 2026 such as 03-03 18:00."""
    local = datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CALENDAR.zone)
    return local.astimezone(UTC)


__all__ = ["Told", "context", "date", "day"]
