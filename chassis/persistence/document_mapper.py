"""The document mapper: an aggregate is one row with its whole state as a JSON document, and the columns that queries need.

Values of which an aggregate has several, such as the units at work, are rows of a further table: see `Derived`.
"""

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
class Derived(Generic[T]):
    """Rows of a further table that follow from an aggregate, and are written with it in one transaction.

    ``rows`` returns them by their ``id``, which the table has as its primary key; no two aggregates have a row of the same id.
    Each row has every column of the table. A row is only ever written by this mapping.
    """

    table: Table
    rows: Callable[[T], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Mapper(Generic[T]):
    """A mapping of a class to a table. ``table`` has the columns ``id`` and ``document``, and one per key of ``columns``.

    ``changed_at`` names the column for the time of the aggregate's last change, in business time; None if there is no such
    column. ``derived`` are the rows in further tables that queries need.
    """

    cls: type[T]
    table: Table
    columns: Callable[[T], Mapping[str, Any]]
    key: Callable[[T], str] = lambda aggregate: aggregate.id  # type: ignore[attr-defined]
    changed_at: str | None = None
    derived: tuple[Derived[T], ...] = ()

    def document(self, aggregate: T) -> dict[str, Any]:
        """Return the aggregate as JSON."""
        document: dict[str, Any] = converter.unstructure(aggregate)
        return document

    def aggregate(self, document: Mapping[str, Any]) -> T:
        """Return the aggregate in a document."""
        return converter.structure(document, self.cls)
