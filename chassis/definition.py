"""What a service tells the chassis about itself."""

from dataclasses import dataclass
from typing import Any

from chassis.store import ChassisTables, Mapper


@dataclass(frozen=True)
class Definition:
    """``name`` is also its broker user, its exchanges' prefix and, with a slash before it, its events' source."""

    name: str
    tables: ChassisTables
    mappers: tuple[Mapper[Any], ...] = ()

    @property
    def source(self) -> str:
        """The CloudEvents source of its events."""
        return f"/{self.name}"
