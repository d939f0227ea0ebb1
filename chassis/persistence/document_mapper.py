"""How an aggregate is kept: one row with the whole of it as a document, and the columns that queries need beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import cattrs
from sqlalchemy import Table

T = TypeVar("T")

converter = cattrs.Converter(forbid_extra_keys=False)
converter.register_unstructure_hook(datetime, lambda instant: instant.isoformat())
converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))


@dataclass(frozen=True)
class Mapper(Generic[T]):
    """``table`` has the columns ``id`` and ``document``, and one for each key that ``columns`` answers.

    ``changed_at`` names the column that keeps when the aggregate changed last, in business time; None where nobody asks.
    """

    cls: type[T]
    table: Table
    columns: Callable[[T], Mapping[str, Any]]
    key: Callable[[T], str] = lambda aggregate: aggregate.id  # type: ignore[attr-defined]
    changed_at: str | None = None

    def document(self, aggregate: T) -> dict[str, Any]:
        """The aggregate as JSON."""
        document: dict[str, Any] = converter.unstructure(aggregate)
        return document

    def aggregate(self, document: Mapping[str, Any]) -> T:
        """The aggregate from its document."""
        return converter.structure(document, self.cls)
