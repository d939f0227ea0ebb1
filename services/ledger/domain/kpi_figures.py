"""Figures of KPIs: a formula's numerator and denominator with the tickets behind them, never a mere percentage.

Who reads them divides. What was rejected, merged or cancelled is in none. A new meaning of a formula is a new version.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.ledger.domain.ticket_record import TicketRecord

Count = Callable[[TicketRecord, datetime], int]
"""Returns how much a ticket adds at an instant; 0 for a ticket that does not count."""


@dataclass(frozen=True)
class Formula:
    """A KPI's formula. ``hit`` adds up to the numerator, ``of`` to the denominator; ``apart`` counts undecided tickets.

    ``wording`` and ``wording_zh`` say numerator and denominator in words, in English and in Chinese.
    """

    name: str
    title: str
    version: int
    wording: str
    wording_zh: str
    hit: Count
    of: Count
    apart: Mapping[str, Count] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """The value of a formula. ``ids`` are the tickets in the denominator, ``hit_ids`` those in the numerator."""

    formula: Formula
    numerator: int
    denominator: int
    ids: tuple[str, ...]
    hit_ids: tuple[str, ...]
    apart: Mapping[str, tuple[str, ...]]

    @property
    def rate(self) -> float | None:
        """Return the rate; None where nothing is due yet."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class Band:
    """The expected range of a rate. A rate outside calls for a look, and judges nobody."""

    low: float
    high: float

    def alarm(self, rate: float | None) -> str | None:
        """Return ``low`` or ``high``; None within the range, and without a rate."""
        if rate is None or self.low <= rate <= self.high:
            return None
        return "low" if rate < self.low else "high"


def is_counted(record: TicketRecord) -> bool:
    """Return whether a ticket counts at all: it was opened, and not rejected, merged or cancelled."""
    return record.opened_at is not None and record.out is None


def compute_figure(formula: Formula, records: Iterable[TicketRecord], at: datetime) -> Figure:
    """Return a formula's value over these tickets at an instant."""
    counted = [record for record in sorted(records, key=lambda record: record.id) if is_counted(record)]
    of = {record.id: formula.of(record, at) for record in counted}
    hit = {record.id: formula.hit(record, at) for record in counted}
    return Figure(
        formula,
        sum(hit.values()),
        sum(of.values()),
        _ids(of),
        _ids(hit),
        {name: tuple(record.id for record in counted if count(record, at)) for name, count in formula.apart.items()},
    )


def _ids(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(id_ for id_, number in counts.items() if number)


def group_records(records: Iterable[TicketRecord], by: str, zone: ZoneInfo) -> dict[str, list[TicketRecord]]:
    """Return the tickets by area, category, urgency, level, unit or month, sorted by its name.

    A ticket is in the group of each unit that was called, there with what is the unit's own; in none where nothing is known.
    """
    groups: dict[str, list[TicketRecord]] = {}
    for record in records:
        for name, part in _groups(record, by, zone):
            groups.setdefault(name, []).append(part)
    return dict(sorted(groups.items()))


def _groups(record: TicketRecord, by: str, zone: ZoneInfo) -> Iterator[tuple[str, TicketRecord]]:
    if by == "unit":
        for unit in record.units:
            if part := record.for_unit(unit):
                yield unit, part
    elif by == "month":
        if record.opened_at:
            yield record.opened_at.astimezone(zone).strftime("%Y-%m"), record
    elif name := {"area": record.area, "category": record.category, "urgency": record.urgency, "level": record.level}[by]:
        yield name, record
