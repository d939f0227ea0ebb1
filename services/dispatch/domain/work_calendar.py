"""Due times, and their explanations. Spans: ``30min``, ``24h``, ``3d`` of elapsed time; ``1wh`` office hours; ``5wd``
working days.

Working days follow the law of periods: the day of the start is not counted, and the last day ends with office hours
[民法典 §201, §203]. Working time follows the State Council's calendar with its make-up workdays 调休. Past the known
calendar weekends and statutory holidays alone are counted and the due time is provisional. A pause removes only its overlap
with the time in which the clock itself runs: with office hours for wh and wd, with all time for the others; what lies before
the clock's start removes nothing.

All arithmetic is in UTC, so that it holds in zones that change their offset, too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.dispatch.domain.office_hours import Hours, SpecialHours

SPAN = re.compile(r"(\d{1,4})\s*(min|h|d|wh|wd)")
_ELAPSED = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_WORDS = {"min": "分钟", "h": "小时", "d": "天", "wh": "个工作小时", "wd": "个工作日"}
LONGEST_SEARCH = 4000
"""Days. A span or a calendar that needs more is a mistake, and must not loop for ever."""
LATE_DECEMBER = 29
"""From this day of December on, the arrangement of the next year decides about a day: since 2004 none named an earlier one."""
_FAR = datetime.max.replace(tzinfo=UTC)


class BadSpan(ValueError):
    """A text that is no span."""


class EndlessCalendar(ValueError):
    """A calendar in which the working time that is asked for never comes."""


Piece = tuple[datetime, datetime]
"""From an instant to another."""


@dataclass(frozen=True)
class Pause:
    """A pause of the clocks. ``end`` is None while it lasts; then it removes nothing yet."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Due:
    """A due time. ``awaits`` is the first year of which the calendar did not know a counted day; None where it knew all."""

    at: datetime
    explanation: str
    awaits: int | None = None

    @property
    def provisional(self) -> bool:
        """Return whether the due time may change when the calendar knows more."""
        return self.awaits is not None


def parse(rule: str) -> tuple[int, str]:
    """Return a span's number and unit. Raises BadSpan."""
    match = SPAN.fullmatch(rule)
    if match is None:
        raise BadSpan(f"{rule!r} is no span: want a number and min, h, d, wh or wd")
    return int(match[1]), match[2]


def counts_working_time(rule: str) -> bool:
    """Return whether a span is of office hours or working days. Raises BadSpan."""
    return parse(rule)[1] not in _ELAPSED


def weekday(day: date) -> bool:
    """Return whether a day is one from Monday to Friday."""
    return day.weekday() < 5


@dataclass(frozen=True)
class WorkCalendar:
    """A calendar of working time.

    ``version`` changes with everything that a due time follows from. ``workday`` answers True or False, or None for a day that
    the calendar does not know; then ``assumed`` answers. ``hours`` are local and in order; of ``special_hours`` the first that
    fits a day counts before them.
    """

    version: str
    zone: tzinfo
    hours: Hours
    workday: Callable[[date], bool | None]
    special_hours: tuple[SpecialHours, ...] = ()
    assumed: Callable[[date], bool] = weekday

    def due(self, start: datetime, rule: str, pauses: Sequence[Pause] = ()) -> Due:
        """Return the due time of a span that starts at ``start``. Raises BadSpan, EndlessCalendar."""
        number, unit = parse(rule)
        begins = start.astimezone(UTC)
        if unit in _ELAPSED:
            base = begins + number * _ELAPSED[unit]
        else:
            base = self._after_days(begins, number) if unit == "wd" else self.after(begins, timedelta(hours=number))
        at, lost = self._moved(begins, base, unit, pauses)
        awaits = None if unit in _ELAPSED else self._first_unknown(begins, at)
        begun = f"自 {self._text(begins)} 起 {number} {_WORDS[unit]}" + ("，当日不计，末日至下班为止" if unit == "wd" else "")
        return Due(at.astimezone(start.tzinfo), self._explain(begun, unit, at, lost, awaits), awaits)

    def extended(self, granted_at: datetime, until: datetime, rule: str, pauses: Sequence[Pause] = ()) -> Due:
        """Return the due time of a granted extension. Pauses since then move it as they move the span that it extends."""
        unit, begins = parse(rule)[1], granted_at.astimezone(UTC)
        base = until.astimezone(UTC)
        at, lost = self._moved(begins, base, unit, pauses)
        awaits = self._first_unknown(begins, at) if lost and unit not in _ELAPSED else None
        begun = f"{self._text(begins)} 获准延期至 {self._text(base)}"
        return Due(at.astimezone(granted_at.tzinfo), self._explain(begun, unit, at, lost, awaits), awaits)

    def part_of(self, start: datetime, due: datetime, part: float, rule: str, pauses: Sequence[Pause] = ()) -> datetime:
        """Return when this part of the time from ``start`` to ``due`` is over. Pauses do not count, nor, where the rule counts
        working time, do nights and holidays: nobody is urged at four in the morning. What is overdue is counted in all time
        but pauses.
        """
        begins, ends = start.astimezone(UTC), due.astimezone(UTC)
        if part >= 1:
            counted = _length(_without(((begins, ends),), pauses))
            return _spent(((ends, _FAR),), counted * (part - 1), pauses).astimezone(start.tzinfo)
        all_pieces = self._office_hours(begins, ends) if counts_working_time(rule) else ((begins, ends),)
        pieces = list(_without(all_pieces, pauses))
        return _spent(pieces, _length(pieces) * part, ()).astimezone(start.tzinfo) if pieces else due

    def after(self, start: datetime, span: timedelta) -> datetime:
        """Return when so much office time has passed. Raises EndlessCalendar."""
        return _spent(self._windows(start.astimezone(UTC)), span, ()).astimezone(start.tzinfo)

    def knows(self, year: int) -> bool:
        """Return whether the calendar knows the holidays and make-up workdays of a year."""
        return self.workday(date(year, 1, 1)) is not None

    def is_working(self, day: date) -> bool:
        """Return whether people work that day; an assumption where the calendar does not know it."""
        known = self.workday(day)
        return self.assumed(day) if known is None else known

    def hours_on(self, day: date) -> Hours:
        """Return the office hours of a day, if it is a working day."""
        return next((special.hours for special in self.special_hours if special.holds(day)), self.hours)

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Return the length of the office hours between two instants."""
        return _length(self._office_hours(start.astimezone(UTC), end.astimezone(UTC)))

    def _office_hours(self, start: datetime, end: datetime) -> Iterator[Piece]:
        for opens, closes in self._windows(start):
            if opens >= end:
                break
            yield opens, min(closes, end)

    def _windows(self, start: datetime) -> Iterator[Piece]:
        """Yield the office hours from an instant on, in UTC."""
        first = start.astimezone(self.zone).date()
        for ahead in range(LONGEST_SEARCH):
            day = first + timedelta(days=ahead)
            for window in self.hours_on(day) if self.is_working(day) else ():
                opens, closes = (datetime.combine(day, moment, self.zone).astimezone(UTC) for moment in window)
                if closes > start:
                    yield max(opens, start), closes
        raise EndlessCalendar(f"no working time within {LONGEST_SEARCH} days of {first}")

    def _after_days(self, start: datetime, days: int) -> datetime:
        first, left = start.astimezone(self.zone).date(), days
        for ahead in range(1, LONGEST_SEARCH):
            day = first + timedelta(days=ahead)
            left -= self.is_working(day)
            if left <= 0:
                return datetime.combine(day, self.hours_on(day)[-1][1], self.zone).astimezone(UTC)
        raise EndlessCalendar(f"no {days} working days within {LONGEST_SEARCH} days of {first}")

    def _moved(self, start: datetime, base: datetime, unit: str, pauses: Sequence[Pause]) -> tuple[datetime, timedelta]:
        """Return the end of a span that ends at ``base`` without pauses, and how much of its own time the pauses covered."""
        if not any(ends > start and begins < base for begins, ends in _ended(pauses)):
            return base, timedelta()
        elapsed = unit in _ELAPSED
        needed = base - start if elapsed else self.working_time(start, base)
        at = _spent(((start, _FAR),) if elapsed else self._windows(start), needed, pauses)
        return at, (at - start if elapsed else self.working_time(start, at)) - needed

    def _first_unknown(self, start: datetime, at: datetime) -> int | None:
        first, last = (instant.astimezone(self.zone).date() for instant in (start, at))
        for year in range(first.year, last.year + 1):
            if not self.knows(year):
                return year
            if last >= date(year, 12, LATE_DECEMBER) and not self.knows(year + 1):
                return year + 1
        return None

    def _explain(self, begun: str, unit: str, at: datetime, lost: timedelta, awaits: int | None) -> str:
        parts = [begun]
        if lost:
            parts.append(f"扣除暂停 {_in_words(lost, unit)}")
        if unit not in _ELAPSED:
            parts.append(f"日历 {self.version}")
        if awaits is not None:
            parts.append(f"暂定：{awaits} 年放假安排尚未公布，只按周末和法定节假日推算")
        return "，".join(parts) + f"，至 {self._text(at)}"

    def _text(self, instant: datetime) -> str:
        """Return an instant as text in the deployment's zone, always with the year: it may be read in a later one."""
        return f"{instant.astimezone(self.zone):%Y-%m-%d %H:%M}"


def _in_words(length: timedelta, unit: str) -> str:
    """Return a length of time as text, such as 3天2小时5分钟; of working time, which has other days, 23个工作小时5分钟."""
    minutes = round(length.total_seconds() / 60)
    hours, days = minutes // 60, 0
    if unit in _ELAPSED:
        days, hours = divmod(hours, 24)
    parts = ((days, "天"), (hours, _WORDS["h" if unit in _ELAPSED else "wh"]), (minutes % 60, "分钟"))
    return "".join(f"{number}{word}" for number, word in parts if number) or "不足1分钟"


def _spent(pieces: Iterable[Piece], needed: timedelta, pauses: Sequence[Pause]) -> datetime:
    """Return when so much of the pieces has passed outside the pauses. Raises EndlessCalendar where they end before."""
    left = needed
    for begins, ends in _without(pieces, pauses):
        if left <= ends - begins:
            return begins + left
        left -= ends - begins
    raise EndlessCalendar(f"{left} of {needed} is left over")


def _without(pieces: Iterable[Piece], pauses: Sequence[Pause]) -> Iterator[Piece]:
    """Yield pieces of time, in order, without what the pauses cover of them."""
    ended = _ended(pauses)
    for begins, ends in pieces:
        for first, last in ended:
            if begins < first < ends:
                yield begins, first
            if first < ends:
                begins = max(begins, last)
        if begins < ends:
            yield begins, ends


def _length(pieces: Iterable[Piece]) -> timedelta:
    return sum((ends - begins for begins, ends in pieces), timedelta())


def _ended(pauses: Sequence[Pause]) -> list[Piece]:
    return sorted((pause.start, pause.end) for pause in pauses if pause.end is not None)
