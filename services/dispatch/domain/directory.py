"""The directory: areas and responders. Grids nest in communities, streets, districts; estates cut across grids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.codes import AreaKind, Role


@dataclass(frozen=True, slots=True)
class Area:
    """An area. ``parent`` is the area it nests in."""

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
        """Return whether the responder takes a category."""
        return not self.categories or category in self.categories


@dataclass(frozen=True, slots=True)
class Directory:
    """The areas and responders by which a case names units."""

    areas: Mapping[str, Area]
    responders: tuple[Responder, ...]

    def responder(self, id_: str) -> Responder | None:
        """Return the responder of this id; None where nobody has it."""
        return next((one for one in self.responders if one.id == id_), None)

    def places(self, *codes: str | None) -> dict[AreaKind, str]:
        """Return the areas around these codes, by kind. Of two areas of one kind the first counts."""
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
        """Return the responders that have the role, serve the area and take the category, in the order of id."""
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
