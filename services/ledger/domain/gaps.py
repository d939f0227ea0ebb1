"""Holes and forks in the numbers that sources give: 1, 2, 3 … per source and subject."""

from collections.abc import Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class Fork:
    """Two events of one source about one subject under one number."""

    source: str
    subject: str
    sequence: int
    first: str
    second: str


def between(before: Numbered | None, after: Numbered) -> Hole | Fork | None:
    """What is wrong between two neighbouring numbers; ``before`` is None for the first that is there."""
    if before and before.sequence == after.sequence:
        return Fork(after.source, after.subject, after.sequence, before.event_id, after.event_id)
    start = before.sequence + 1 if before else 1
    return Hole(after.source, after.subject, start, after.sequence - 1) if start < after.sequence else None


def findings(entries: Iterable[Numbered]) -> Iterator[Hole | Fork]:
    """Every hole and fork of these entries, whatever order they come in."""
    before: Numbered | None = None
    for entry in sorted(entries):
        if before and (before.source, before.subject) != (entry.source, entry.subject):
            before = None
        if found := between(before, entry):
            yield found
        before = entry


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
