"""The town: areas, categories and responders as `whistle directory load` takes them, and the accounts that act for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.demo.boards import Boards, Community
from cli.demo.complaints import Complaints
from cli.demo.rules import Rules, Situation
from contracts.codes import AreaKind, Role

DESK, SUPERVISORS, MEDIATORS = "desk", "supervisor-app", "mediator-app"
APPS: Mapping[Role, str] = {
    Role.PROPERTY: "property-app",
    Role.MEDIATOR: MEDIATORS,
    Role.DEPARTMENT: "department-app",
    Role.POLICE: "police-app",
    Role.GRID_WORKER: "grid-app",
    Role.SUPERVISOR: SUPERVISORS,
}
"""The account that acts for the units of a role. Handling and verifying units never share an account."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A responder. ``meets`` is the situation of an assignment to it; None where it acts on other events."""

    code: str
    role: Role
    areas: tuple[str, ...]
    categories: tuple[str, ...] = ()
    meets: Situation | None = None

    @property
    def account(self) -> str:
        """Return the account that acts for the unit."""
        return APPS[self.role]


class Town:
    """The areas, categories and responders that exist before the first whistle."""

    def __init__(self, boards: Boards, complaints: Complaints, rules: Rules):
        self._boards, self._complaints = boards, complaints
        communities = sorted(boards.communities.values(), key=lambda one: one.code)
        units = [unit for community in communities for unit in _community(community)]
        units += [unit for street in boards.streets for unit in _street(street)]
        units += [unit for district in boards.districts for unit in _district(district, rules.departments)]
        self.units: Mapping[str, Unit] = {unit.code: unit for unit in units}

    def directory(self) -> dict[str, Any]:
        """Return the directory, in the form of the file that `whistle directory load` reads."""
        return {
            "areas": list(self._areas()),
            "categories": [
                {"code": one.code, "urgency": one.urgency.value, "dispute": one.dispute}
                for one in self._complaints.categories.values()
            ],
            "responders": [
                {
                    "code": unit.code,
                    "role": unit.role.value,
                    "areas": list(unit.areas),
                    "categories": list(unit.categories),
                    "volunteer": unit.role is Role.MEDIATOR,
                }
                for unit in self.units.values()
            ],
        }

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts, as `cli.deployment_dir.DeploymentDir.prepare` takes them. Only the desk uses HTTP."""
        producers = sorted({way.account for way in self._complaints.ways.values()})
        accounts: list[dict[str, Any]] = [{"id": one, "roles": ["producer"]} for one in producers]
        for role, app in APPS.items():
            units = [unit.code for unit in self.units.values() if unit.role is role]
            accounts.append({"id": app, "units": units, "roles": ["responder"]})
        return [*accounts, {"id": DESK, "roles": ["desk", "reader"]}]

    def _areas(self) -> Iterator[dict[str, str]]:
        for district in self._boards.districts:
            yield _area(district, AreaKind.DISTRICT)
        for street, district in self._boards.streets.items():
            yield _area(street, AreaKind.STREET, district)
        for community in self._boards.communities.values():
            yield _area(community.code, AreaKind.COMMUNITY, community.street)
            yield from (_area(grid, AreaKind.GRID, community.code) for grid in community.grids)
            # an estate cuts across grids, so it nests in none of them
            yield from (_area(estate, AreaKind.ESTATE, community.code) for estate in community.estates)


def supervisor_of(area: str) -> str:
    """Return the supervisor of a community, a street or a district."""
    return f"{area}-supervisor"


def team_of(community: Community) -> str:
    """Return the street's team, to which supervisors assign what nobody else handled."""
    return f"{community.street}-team"


def _area(area: str, kind: AreaKind, parent: str | None = None) -> dict[str, str]:
    return {"code": area, "kind": kind.value, **({"parent": parent} if parent else {})}


def _community(community: Community) -> Iterable[Unit]:
    here = (community.code,)
    yield from _companies(community)
    yield Unit(f"{community.code}-mediator", Role.MEDIATOR, here)
    yield Unit(f"{community.code}-police", Role.POLICE, here, meets=Situation.POLICE)
    for grid in community.grids:
        yield Unit(f"{grid}-worker", Role.GRID_WORKER, (grid,), meets=Situation.GRID_WORKER)
    yield Unit(supervisor_of(community.code), Role.SUPERVISOR, here)


def _companies(community: Community) -> Iterable[Unit]:
    """Yield the property companies: each estate has its own, which comes first by its code, and the next estate's."""
    before: tuple[str, ...] = ()
    for estate in community.estates:
        yield Unit(f"{estate}-property", Role.PROPERTY, (estate, *before), meets=Situation.PROPERTY)
        before = (estate,)
    yield Unit(f"{community.code}-spare-property", Role.PROPERTY, before, meets=Situation.PROPERTY)


def _street(street: str) -> Iterable[Unit]:
    yield Unit(f"{street}-team", Role.DEPARTMENT, (street,), meets=Situation.TEAM)
    yield Unit(supervisor_of(street), Role.SUPERVISOR, (street,))


def _district(district: str, departments: Mapping[str, tuple[str, ...]]) -> Iterable[Unit]:
    for name, categories in departments.items():
        yield Unit(f"{district}-{name}", Role.DEPARTMENT, (district,), categories, Situation.DEPARTMENT)
    yield Unit(supervisor_of(district), Role.SUPERVISOR, (district,))
