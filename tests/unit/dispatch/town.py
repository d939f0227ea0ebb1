"""A small town for the case's tests: areas, responders, the playbook 贤邻里, the standard clocks, and a world at any moment."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from chassis.effects import ArmTimer, DomainEvent, Effects
from contracts.codes import AreaKind, Command, Role, Urgency
from services.dispatch.config import load_clocks, load_playbook, load_police_matters
from services.dispatch.domain import facts, history, pauses, performance, reports
from services.dispatch.domain.case import Case
from services.dispatch.domain.directory import Area, Directory, Responder
from services.dispatch.domain.report import Report
from services.dispatch.domain.world import World

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


def world(at: datetime = T0, without: tuple[str, ...] = ()) -> World:
    """The world at a moment, some responders left out."""
    people = tuple(one for one in PEOPLE if one.id not in without)
    return World(Directory(AREAS, people), CALENDAR, STANDARDS, at, POLICE_MATTERS)


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
        self.world = world(at, without)
        self.said: list[DomainEvent] = []
        self.timers: dict[str, ArmTimer] = {}
        self.armed: list[ArmTimer] = []
        """Every timer that was ever armed."""
        self.note(facts.opened(self.case, self.world))

    def note(self, outcome: Effects) -> list[str]:
        """Keep what happened; answers its types without version."""
        self.said += outcome.events
        history.note(self.case, outcome, self.world.at)
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
        return self.note(reports.take(self.case, Report(command, unit, actor or f"app-of-{unit}", **more), self.world))

    def at(self, moment: datetime) -> None:
        """Time passes: what is due by then rings, in order."""
        while self.timers:
            first = min(self.timers.values(), key=lambda arm: (arm.due, arm.name))
            if first.due > moment:
                break
            del self.timers[first.name]
            self.world = replace(self.world, at=max(first.due, self.world.at))
            self.note(self.ring(first))
        self.world = replace(self.world, at=moment)

    def ring(self, timer: ArmTimer) -> Effects:
        """What a timer brings about, as the service would pass it on."""
        if timer.name == pauses.REVIEW:
            return pauses.review(self.case, timer.generation, self.world)
        if timer.name.startswith(performance.PERFORMANCE):
            return performance.ask(self.case, timer.name.partition(":")[2], timer.generation, self.world)
        return facts.rang(self.case, timer.name, timer.generation, self.world)

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


__all__ = ["Told", "date", "day", "world"]
