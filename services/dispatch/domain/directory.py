"""Areas and responders, and who fits where. Grids nest in communities, streets, districts; estates cut across grids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.codes import AreaKind, Role


@dataclass(frozen=True, slots=True)
class Area:
    """``parent`` is the area it nests in."""

    code: str
    kind: AreaKind
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Responder:
    """A unit or person that can be called. No ``categories`` means every category."""

    id: str
    role: Role
    areas: tuple[str, ...]
    categories: tuple[str, ...] = ()

    def takes(self, category: str) -> bool:
        """Whether the category is one of its."""
        return not self.categories or category in self.categories


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that a case needs to know to name somebody."""

    areas: Mapping[str, Area]
    responders: tuple[Responder, ...]

    def responder(self, id_: str) -> Responder | None:
        """Who has this id; None where nobody has."""
        return next((one for one in self.responders if one.id == id_), None)

    def places(self, *codes: str | None) -> dict[AreaKind, str]:
        """The areas around these codes, by kind. What is named first counts where two are of one kind."""
        found: dict[AreaKind, str] = {}
        for code in codes:
            seen: set[str] = set()
            while code is not None and code in self.areas and code not in seen:
                seen.add(code)
                area = self.areas[code]
                found.setdefault(area.kind, area.code)
                code = area.parent
        return found

    def fitting(self, role: Role, area: str | None, category: str, without: Iterable[str] = ()) -> list[Responder]:
        """Who has the role, serves the area and takes the category, in the order of id."""
        excluded = set(without)
        return sorted(
            (
                responder
                for responder in self.responders
                if responder.role is role
                and area in responder.areas
                and responder.takes(category)
                and responder.id not in excluded
            ),
            key=lambda responder: responder.id,
        )
