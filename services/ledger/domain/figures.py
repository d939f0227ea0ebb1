"""What a figure is: a formula's numerator and denominator with the tickets behind them, never a mere percentage.

Who reads them divides. What was rejected, merged or cancelled is in none. A new meaning of a formula is a new version.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.ledger.domain.book import Book

Count = Callable[[Book, datetime], int]
"""How much a ticket adds at an instant; 0 where it is not one of them."""


@dataclass(frozen=True)
class Formula:
    """``hit`` adds up to the numerator, ``of`` to the denominator; ``apart`` counts what has no answer yet, shown beside."""

    name: str
    title: str
    version: int
    wording: str
    hit: Count
    of: Count
    apart: Mapping[str, Count] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A formula's answer. ``ids`` are the tickets in the denominator, ``hit_ids`` those in the numerator."""

    formula: Formula
    numerator: int
    denominator: int
    ids: tuple[str, ...]
    hit_ids: tuple[str, ...]
    apart: Mapping[str, tuple[str, ...]]

    @property
    def rate(self) -> float | None:
        """None where nothing is due yet."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class Band:
    """Where a rate is expected; outside of it somebody is to look why. It judges nobody."""

    low: float
    high: float

    def alarm(self, rate: float | None) -> str | None:
        """``low`` or ``high``; None within, and where there is no rate."""
        if rate is None or self.low <= rate <= self.high:
            return None
        return "low" if rate < self.low else "high"


def figure(formula: Formula, books: Iterable[Book], at: datetime) -> Figure:
    """A formula's answer over these tickets at an instant."""
    counted = [book for book in sorted(books, key=lambda book: book.id) if book.opened_at and not book.out]
    of = {book.id: formula.of(book, at) for book in counted}
    hit = {book.id: formula.hit(book, at) for book in counted}
    return Figure(
        formula,
        sum(hit.values()),
        sum(of.values()),
        _ids(of),
        _ids(hit),
        {name: tuple(book.id for book in counted if count(book, at)) for name, count in formula.apart.items()},
    )


def _ids(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(id_ for id_, number in counts.items() if number)


def grouped(books: Iterable[Book], by: str, zone: ZoneInfo) -> dict[str, list[Book]]:
    """The tickets by area, category, urgency, level, unit or month, in the order of its name.

    A ticket is in the group of each unit that was called, there with what is the unit's own; in none where nothing is known.
    """
    groups: dict[str, list[Book]] = {}
    for book in books:
        for name, part in _groups(book, by, zone):
            groups.setdefault(name, []).append(part)
    return dict(sorted(groups.items()))


def _groups(book: Book, by: str, zone: ZoneInfo) -> Iterator[tuple[str, Book]]:
    if by == "unit":
        for unit in book.units:
            if part := book.of_unit(unit):
                yield unit, part
    elif by == "month":
        if book.opened_at:
            yield book.opened_at.astimezone(zone).strftime("%Y-%m"), book
    elif name := {"area": book.area, "category": book.category, "urgency": book.urgency, "level": book.level}[by]:
        yield name, book
