"""Allocating a measured run's rows to the floor's transactions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a table that were inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __sub__(self, before: Counts) -> Counts:
        return Counts(self.inserted - before.inserted, self.updated - before.updated, self.deleted - before.deleted)

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)

    def __str__(self) -> str:
        return f"+{self.inserted} ~{self.updated} -{self.deleted}"

    def part(self, index: int, parts: int) -> Counts:
        """Return the part of transaction ``index``: all parts add up to the whole, and none differ by more than 1."""
        return Counts(*(share(whole, index, parts) for whole in (self.inserted, self.updated, self.deleted)))


def share(whole: int, index: int, parts: int) -> int:
    """Return how many of ``whole`` one of ``parts`` gets, spread evenly."""
    return whole * (index + 1) // parts - whole * index // parts


def difference(before: Mapping[str, Counts], after: Mapping[str, Counts]) -> dict[str, Counts]:
    """Return the rows written between two counts, by table, without unchanged tables."""
    grown = {table: counts - before.get(table, Counts()) for table, counts in after.items()}
    return {table: counts for table, counts in sorted(grown.items()) if counts}


def fitted(wanted: Counts, rows: int, repeatable: bool) -> Counts:
    """Return the counts for so many available rows. A row that cannot be inserted twice is written as an update."""
    if repeatable or wanted.inserted <= rows:
        return wanted
    return Counts(rows, wanted.updated + wanted.inserted - rows, wanted.deleted)
