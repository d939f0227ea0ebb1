"""The figures: pure functions of the books at an instant, each with its name, version and wording.

Rates are numerators and denominators with the ticket ids behind them, never percentages: who reads them divides. What was
rejected, merged or cancelled is in none. A new meaning is a new version.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.codes import Closure
from services.ledger.domain.book import Book

Count = Callable[[Book, datetime], int]
"""How much a ticket adds at an instant; 0 where it is not one of them."""


@dataclass(frozen=True)
class Formula:
    """``hit`` adds up to the numerator, ``of`` to the denominator; ``apart`` counts what is in neither and is shown beside."""

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


def _came_due(due: datetime | None, done: datetime | None, at: datetime) -> bool:
    """It was done, or its time is over."""
    return due is not None and (done is not None or due <= at)


def _in_time(due: datetime | None, done: datetime | None) -> bool:
    return due is not None and done is not None and done <= due


def _contact_due(book: Book, at: datetime) -> int:
    return int(_came_due(book.contact_due, book.contacted_at, at))


def _contacted(book: Book, _at: datetime) -> int:
    return int(_in_time(book.contact_due, book.contacted_at))


def _answered(book: Book, _at: datetime) -> int:
    return int(book.resolved is not None)


def _resolved(book: Book, _at: datetime) -> int:
    return int(book.resolved is True)


def _satisfied(book: Book, _at: datetime) -> int:
    return int(book.satisfied is True)


def _handle_due(book: Book, at: datetime) -> int:
    return int(_came_due(book.handle_due, book.closed_at, at))


def _closed(book: Book, at: datetime) -> int:
    return int(book.closed_at is not None and bool(_handle_due(book, at)))


def _unextended_due(book: Book, at: datetime) -> int:
    return int(bool(_handle_due(book, at)) and not book.extended)


def _closed_in_time(book: Book, at: datetime) -> int:
    return int(bool(_unextended_due(book, at)) and book.closed_at is not None and _in_time(book.handle_due, book.handled_at))


def _called(book: Book, at: datetime) -> int:
    # who was relieved before the time was over, and was not there yet, no longer had to come
    return sum(
        _came_due(call.due, call.reported_in, at)
        and (call.reported_in is not None or call.relieved_at is None or call.due is None or call.relieved_at >= call.due)
        for call in book.calls.values()
    )


def _reported_in(book: Book, _at: datetime) -> int:
    return sum(_in_time(call.due, call.reported_in) for call in book.calls.values())


def _closed_as(closure: Closure) -> Count:
    return lambda book, _: int(book.closure == closure.value)


_SILENT = {closure.value: _closed_as(closure) for closure in (Closure.NO_ANSWER, Closure.NO_CONTACT)}

FORMULAS: tuple[Formula, ...] = (
    Formula("response", "响应率", 1, "contacted in time by a person / contact due", _contacted, _contact_due),
    Formula("resolution", "解决率", 1, "resident says resolved / answered; no answer apart", _resolved, _answered, _SILENT),
    Formula("satisfaction", "满意率", 1, "satisfied / answered; no answer apart", _satisfied, _answered, _SILENT),
    Formula("completion", "办结率", 1, "closed / due", _closed, _handle_due),
    Formula(
        "completion_in_time",
        "按期办结率",
        1,
        "closed, and last handled in time / (due − granted extensions)",
        _closed_in_time,
        _unextended_due,
    ),
    Formula("report_in", "报到率", 1, "units reported in on time / called and due", _reported_in, _called),
)
BY_NAME: Mapping[str, Formula] = {formula.name: formula for formula in FORMULAS}
