"""When something is due, and why. Spans: ``30min``, ``24h``, ``3d`` of elapsed time; ``1wh`` office hours; ``5wd``
working days.

Working days follow the law of periods: the day of the start is not counted, and the last day ends with office hours
[民法典 §201, §203]. Working time follows the State Council's calendar with its make-up workdays 调休. Past the known
calendar weekends alone are counted and the due time is provisional. A pause removes only its overlap: with working
time for wh and wd, with all time for the others.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

SPAN = re.compile(r"(\d{1,4})\s*(min|h|d|wh|wd)")
_ELAPSED = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_WORDS = {"min": "分钟", "h": "小时", "d": "天", "wh": "个工作小时", "wd": "个工作日"}
LONGEST_SEARCH = 4000
"""Days. A span or a calendar that needs more is a mistake, and must not loop for ever."""


class BadSpan(ValueError):
    """A text that is no span."""


class EndlessCalendar(ValueError):
    """A calendar in which the working time that is asked for never comes."""


Piece = tuple[datetime, datetime]
"""From an instant to another."""


@dataclass(frozen=True)
class Pause:
    """``end`` is None while it lasts; then it removes nothing yet."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Due:
    """``awaits`` is the first year of which the calendar did not know a day that was counted; None where all were known."""

    at: datetime
    explanation: str
    awaits: int | None = None

    @property
    def provisional(self) -> bool:
        """Whether the due time may change when the calendar knows more."""
        return self.awaits is not None


def parse(rule: str) -> tuple[int, str]:
    """A span's number and unit. Raises BadSpan."""
    match = SPAN.fullmatch(rule)
    if match is None:
        raise BadSpan(f"{rule!r} is no span: want a number and min, h, d, wh or wd")
    return int(match[1]), match[2]


@dataclass(frozen=True)
class WorkCalendar:
    """``workday`` answers True or False, or None for a day that the calendar does not know. ``hours`` are local and
    in order.
    """

    version: str
    zone: tzinfo
    hours: tuple[tuple[time, time], ...]
    workday: Callable[[date], bool | None]

    def due(self, start: datetime, rule: str, pauses: Sequence[Pause] = ()) -> Due:
        """When a span that starts at ``start`` is over. Raises BadSpan, EndlessCalendar."""
        number, unit = parse(rule)
        local = start.astimezone(self.zone)
        if unit in _ELAPSED:
            at, lost = _elapsed(local, local + number * _ELAPSED[unit], pauses)
        else:
            base = self._after_days(local, number) if unit == "wd" else self._after(local, timedelta(hours=number))
            at, lost = self._without_pauses(local, base, pauses)
        awaits = None if unit in _ELAPSED else self._first_unknown(local, at)
        begun = f"自 {local:%Y-%m-%d %H:%M} 起 {number} {_WORDS[unit]}" + ("，当日不计，末日至下班为止" if unit == "wd" else "")
        return Due(at.astimezone(start.tzinfo), self._explain(begun, unit, at, lost, awaits), awaits)

    def extended(self, granted_at: datetime, until: datetime, rule: str, pauses: Sequence[Pause] = ()) -> Due:
        """When an extension that was granted is over: pauses since then move it as they move the span that it extends."""
        unit, local = parse(rule)[1], granted_at.astimezone(self.zone)
        base = until.astimezone(self.zone)
        at, lost = (_elapsed if unit in _ELAPSED else self._without_pauses)(local, base, pauses)
        awaits = self._first_unknown(local, at) if lost and unit not in _ELAPSED else None
        begun = f"{local:%Y-%m-%d %H:%M} 获准延期至 {base:%Y-%m-%d %H:%M}"
        return Due(at.astimezone(granted_at.tzinfo), self._explain(begun, unit, at, lost, awaits), awaits)

    def part_of(self, start: datetime, due: datetime, part: float, rule: str, pauses: Sequence[Pause] = ()) -> datetime:
        """When this part of the time from ``start`` to ``due`` is over. Pauses do not count, nor, where the rule counts
        working time, do nights and holidays: nobody is urged at four in the morning. What is overdue is counted in all time.
        """
        if part >= 1:
            counted = _length(_without(((start, due),), pauses))
            return due + counted * (part - 1)
        working = parse(rule)[1] not in _ELAPSED
        pieces = _without(self._office_hours(start, due) if working else ((start, due),), pauses)
        left = _length(pieces) * part
        for begins, ends in pieces:
            if left <= ends - begins:
                return (begins + left).astimezone(start.tzinfo)
            left -= ends - begins
        return due

    def knows(self, year: int) -> bool:
        """Whether the calendar knows the holidays and make-up workdays of a year."""
        return self.workday(date(year, 1, 1)) is not None

    def is_working(self, day: date) -> bool:
        """Whether people work that day; weekends alone where the calendar does not know it."""
        known = self.workday(day)
        return day.weekday() < 5 if known is None else known

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """The office hours between two instants."""
        return _length(self._office_hours(start, end))

    def _office_hours(self, start: datetime, end: datetime) -> list[Piece]:
        pieces = []
        for opens, closes in self._windows(start.astimezone(self.zone).date()):
            if opens >= end:
                break
            if closes > start:
                pieces.append((max(opens, start), min(closes, end)))
        return pieces

    def _windows(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for ahead in range(LONGEST_SEARCH):
            current = day + timedelta(days=ahead)
            if self.is_working(current):
                for opens, closes in self.hours:
                    yield datetime.combine(current, opens, self.zone), datetime.combine(current, closes, self.zone)
        raise EndlessCalendar(f"no working time within {LONGEST_SEARCH} days of {day}")

    def _after(self, start: datetime, span: timedelta) -> datetime:
        left = span
        for opens, closes in self._windows(start.date()):
            begins = max(opens, start)
            if begins >= closes:
                continue
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        raise EndlessCalendar("unreachable")

    def _after_days(self, start: datetime, days: int) -> datetime:
        left = days
        for ahead in range(1, LONGEST_SEARCH):
            day = start.date() + timedelta(days=ahead)
            left -= self.is_working(day)
            if left <= 0:
                return datetime.combine(day, self.hours[-1][1], self.zone)
        raise EndlessCalendar(f"no {days} working days within {LONGEST_SEARCH} days of {start.date()}")

    def _without_pauses(self, start: datetime, base: datetime, pauses: Sequence[Pause]) -> tuple[datetime, timedelta]:
        """Each pause that touches the running time moves the end by the working time it covers, in the order of
        time.
        """
        at, lost = base, timedelta()
        for begins, ends in _ended(pauses):
            if ends <= start or begins >= at:
                continue
            covered = self.working_time(max(begins, start), min(ends, at))
            if not covered:
                continue
            # while the end itself lies inside the pause, all working time up to the pause's end is covered too
            at = self._after(ends, self.working_time(begins, at)) if begins < at <= ends else self._after(at, covered)
            lost += covered
        return at, lost

    def _first_unknown(self, start: datetime, at: datetime) -> int | None:
        return next((year for year in range(start.year, at.year + 1) if not self.knows(year)), None)

    def _explain(self, begun: str, unit: str, at: datetime, lost: timedelta, awaits: int | None) -> str:
        parts = [begun]
        if lost:
            parts.append(f"扣除暂停 {lost}")
        if unit in {"wd", "wh"}:
            parts.append(f"日历 {self.version}")
        if awaits is not None:
            parts.append(f"暂定：{awaits} 年放假安排尚未公布，只按周末推算")
        return "，".join(parts) + f"，至 {at:%Y-%m-%d %H:%M}"


def _elapsed(start: datetime, base: datetime, pauses: Sequence[Pause]) -> tuple[datetime, timedelta]:
    """The end of elapsed time, later by all that the pauses cover."""
    at, lost = base, timedelta()
    for begins, ends in _ended(pauses):
        if ends > start and begins < at:
            covered = ends - max(begins, start)
            at, lost = at + covered, lost + covered
    return at, lost


def _without(pieces: Iterable[Piece], pauses: Sequence[Pause]) -> list[Piece]:
    """What is left of pieces of time, in order, when the pauses are cut out."""
    left = list(pieces)
    for begins, ends in _ended(pauses):
        cut = [((first, min(last, begins)), (max(first, ends), last)) for first, last in left]
        left = [piece for both in cut for piece in both if piece[0] < piece[1]]
    return left


def _length(pieces: Iterable[Piece]) -> timedelta:
    return sum((ends - begins for begins, ends in pieces), timedelta())


def _ended(pauses: Sequence[Pause]) -> list[tuple[datetime, datetime]]:
    return sorted((pause.start, pause.end) for pause in pauses if pause.end is not None)
