"""Holes and forks in the numbers that sources give: 1, 2, 3 … per source and subject, up to the highest that was announced."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Numbered:
    """An entry as far as its number goes."""

    source: str
    subject: str
    sequence: int
    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers that the log lacks, both ends included."""

    source: str
    subject: str
    missing_from: int
    missing_to: int

    def __str__(self) -> str:
        return f"gap: numbers {self.missing_from} to {self.missing_to} are missing, of {self.source} about {self.subject}"


@dataclass(frozen=True, slots=True)
class Fork:
    """Two events of one source about one subject under one number."""

    source: str
    subject: str
    sequence: int
    first: str
    second: str

    def __str__(self) -> str:
        return f"fork: number {self.sequence} is {self.first} and {self.second}, of {self.source} about {self.subject}"


def between(before: Numbered | None, after: Numbered) -> Hole | Fork | None:
    """What is wrong between two neighbouring numbers; ``before`` is None for the first that is there."""
    if before and before.sequence == after.sequence:
        return Fork(after.source, after.subject, after.sequence, before.event_id, after.event_id)
    start = before.sequence + 1 if before else 1
    return Hole(after.source, after.subject, start, after.sequence - 1) if start < after.sequence else None


def tail(source: str, subject: str, highest: int, announced: int) -> Hole | None:
    """What is missing at the end: ``highest`` is the last number that is there, 0 where none is."""
    return Hole(source, subject, highest + 1, announced) if highest < announced else None


Announced = Mapping[tuple[str, str], int]
"""The highest number that was announced, by source and subject."""


def findings(entries: Iterable[Numbered], announced: Announced) -> Iterator[Hole | Fork]:
    """Every hole, fork and lost tail of these entries, whatever order they come in."""
    highest: dict[tuple[str, str], int] = {}
    before: Numbered | None = None
    for entry in sorted(entries):
        if before and (before.source, before.subject) != (entry.source, entry.subject):
            before = None
        if found := between(before, entry):
            yield found
        before = entry
        highest[entry.source, entry.subject] = entry.sequence
    for (source, subject), last in sorted(announced.items()):
        if lost := tail(source, subject, highest.get((source, subject), 0), last):
            yield lost


def without(hole: Hole, known: Iterable[Hole]) -> list[Hole]:
    """What of a hole lies in none of those that are known already."""
    left, start = [], hole.missing_from
    for other in sorted(known, key=lambda other: other.missing_from):
        if other.missing_from > start:
            left.append(Hole(hole.source, hole.subject, start, min(other.missing_from - 1, hole.missing_to)))
        start = max(start, other.missing_to + 1)
        if start > hole.missing_to:
            break
    if start <= hole.missing_to:
        left.append(Hole(hole.source, hole.subject, start, hole.missing_to))
    return left


def still_missing(hole: Hole, present: Iterable[int]) -> list[Hole]:
    """What of a hole is not filled by the numbers that are there now."""
    left, start = [], hole.missing_from
    for number in sorted({n for n in present if hole.missing_from <= n <= hole.missing_to}):
        if number > start:
            left.append(Hole(hole.source, hole.subject, start, number - 1))
        start = number + 1
    if start <= hole.missing_to:
        left.append(Hole(hole.source, hole.subject, start, hole.missing_to))
    return left
