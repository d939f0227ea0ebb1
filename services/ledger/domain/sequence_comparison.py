"""Gaps and forks in the numbers of sources: 1, 2, 3 … per source and subject, up to the highest that was announced.

Pure comparisons; `services.ledger.gaps` decides when they are made and when a gap is reported.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class NumberedEvent:
    """The number of an event, and what identifies it."""

    source: str
    subject: str
    sequence: int
    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that the log lacks, both ends included."""

    source: str
    subject: str
    missing_from: int
    missing_to: int

    def __str__(self) -> str:
        return f"gap: numbers {self.missing_from} to {self.missing_to} are missing, of {self.source} about {self.subject}"


@dataclass(frozen=True, slots=True)
class Fork:
    """Two events of one source about one subject with the same number."""

    source: str
    subject: str
    sequence: int
    first: str
    second: str

    def __str__(self) -> str:
        return f"fork: number {self.sequence} is {self.first} and {self.second}, of {self.source} about {self.subject}"


def compare_neighbours(before: NumberedEvent | None, after: NumberedEvent) -> Gap | Fork | None:
    """Return the gap or fork between two neighbouring numbers; ``before`` is None for the first number that is present."""
    if before and before.sequence == after.sequence:
        return Fork(after.source, after.subject, after.sequence, before.event_id, after.event_id)
    start = before.sequence + 1 if before else 1
    return Gap(after.source, after.subject, start, after.sequence - 1) if start < after.sequence else None


def lost_tail(source: str, subject: str, highest: int, announced: int) -> Gap | None:
    """Return the gap at the end: ``highest`` is the last number that is present, 0 where none is."""
    return Gap(source, subject, highest + 1, announced) if highest < announced else None


Announced = Mapping[tuple[str, str], int]
"""The highest announced number, by source and subject."""


def find_gaps_and_forks(entries: Iterable[NumberedEvent], announced: Announced) -> Iterator[Gap | Fork]:
    """Yield every gap, fork and lost tail of these entries, in whatever order they come."""
    highest: dict[tuple[str, str], int] = {}
    before: NumberedEvent | None = None
    for entry in sorted(entries):
        if before and (before.source, before.subject) != (entry.source, entry.subject):
            before = None
        if found := compare_neighbours(before, entry):
            yield found
        before = entry
        highest[entry.source, entry.subject] = entry.sequence
    for (source, subject), last in sorted(announced.items()):
        if lost := lost_tail(source, subject, highest.get((source, subject), 0), last):
            yield lost


def unknown_parts(gap: Gap, known: Iterable[Gap]) -> list[Gap]:
    """Return the parts of a gap that lie in none of the known ones."""
    left, start = [], gap.missing_from
    for other in sorted(known, key=lambda other: other.missing_from):
        if other.missing_from > start:
            left.append(Gap(gap.source, gap.subject, start, min(other.missing_from - 1, gap.missing_to)))
        start = max(start, other.missing_to + 1)
        if start > gap.missing_to:
            break
    if start <= gap.missing_to:
        left.append(Gap(gap.source, gap.subject, start, gap.missing_to))
    return left


def remaining_gaps(gap: Gap, present: Iterable[int]) -> list[Gap]:
    """Return the parts of a gap that the numbers present now do not fill."""
    left, start = [], gap.missing_from
    for number in sorted({n for n in present if gap.missing_from <= n <= gap.missing_to}):
        if number > start:
            left.append(Gap(gap.source, gap.subject, start, number - 1))
        start = number + 1
    if start <= gap.missing_to:
        left.append(Gap(gap.source, gap.subject, start, gap.missing_to))
    return left
