"""The figures of the domain page's section 7: pure functions of the books at an instant."""

from collections.abc import Mapping
from datetime import datetime

from contracts.codes import Closure
from services.ledger.domain.book import Book, Call
from services.ledger.domain.figures import Count, Formula

GRASSROOTS = 2
"""基层化解: the first two levels of the ladder are the community's own."""


def _came_due(due: datetime | None, done: datetime | None, at: datetime) -> bool:
    """It was done, or its time is over."""
    return due is not None and (done is not None or due <= at)


def _in_time(due: datetime | None, done: datetime | None) -> bool:
    return due is not None and done is not None and done <= due


# --- the ticket


def _contact_due(book: Book, at: datetime) -> int:
    return int(_came_due(book.contact_due, book.contacted_at, at))


def _contacted(book: Book, _at: datetime) -> int:
    return int(_in_time(book.contact_due, book.contacted_at))


def _answers(book: Book, _at: datetime) -> int:
    return len(book.answers)


def _resolved(book: Book, _at: datetime) -> int:
    return sum(answer.resolved for answer in book.answers.values())


def _satisfied(book: Book, _at: datetime) -> int:
    return sum(answer.satisfied for answer in book.answers.values())


def _handle_due(book: Book, at: datetime) -> int:
    return int(_came_due(book.handle_due, book.closed_at, at))


def _closed_of_due(book: Book, at: datetime) -> int:
    return int(book.closed_at is not None and bool(_handle_due(book, at)))


def _unextended_due(book: Book, at: datetime) -> int:
    return int(bool(_handle_due(book, at)) and not book.extended)


def _closed_in_time(book: Book, at: datetime) -> int:
    return int(bool(_unextended_due(book, at)) and book.closed_at is not None and _in_time(book.handle_due, book.handled_at))


def _closed(book: Book, _at: datetime) -> int:
    return int(book.closed_at is not None)


def _ineffective(book: Book, _at: datetime) -> int:
    return int(book.closed_at is not None and book.doubted)


def _closed_at_the_grassroots(book: Book, _at: datetime) -> int:
    last = max(book.rungs, key=int, default=None)
    return int(book.closed_at is not None and last is not None and book.rungs[last] <= GRASSROOTS)


def _one(_book: Book, _at: datetime) -> int:
    return 1


def _closed_as(closure: Closure) -> Count:
    return lambda book, _: int(book.closure == closure.value)


# --- its parts


def _due_there(call: Call, at: datetime) -> bool:
    """Who was relieved before the time was over, and was not there yet, no longer had to come."""
    excused = call.reported_in is None and call.relieved_at is not None and call.due is not None and call.relieved_at < call.due
    return _came_due(call.due, call.reported_in, at) and not excused


def _called(book: Book, at: datetime) -> int:
    return sum(_due_there(call, at) for call in book.calls.values())


def _reported_in(book: Book, _at: datetime) -> int:
    return sum(_in_time(call.due, call.reported_in) for call in book.calls.values())


def _assigned(book: Book, _at: datetime) -> int:
    return sum(call.unit is not None for call in book.calls.values())


def _returned(book: Book, _at: datetime) -> int:
    return sum(call.unit is not None and call.returned for call in book.calls.values())


def _mediations(book: Book, _at: datetime) -> int:
    return sum(one.mediator is not None for one in book.mediations.values())


def _agreed(book: Book, _at: datetime) -> int:
    return sum(one.mediator is not None and one.agreed for one in book.mediations.values())


def _running(book: Book, _at: datetime) -> int:
    return sum(not (one.agreed or one.failed) for one in book.mediations.values())


def _performed(book: Book, _at: datetime) -> int:
    return sum(one.mediator is not None and one.agreed and one.performed is True for one in book.mediations.values())


def _to_be_performed(book: Book, at: datetime) -> int:
    return sum(
        one.agreed and one.performed is None and one.perform_by is not None and one.perform_by > at
        for one in book.mediations.values()
    )


def _verifications(book: Book, _at: datetime) -> int:
    return len(book.verified)


def _reworked(book: Book, _at: datetime) -> int:
    return len(book.verified.keys() & book.reworked.keys())


def _department_calls(book: Book, _at: datetime) -> int:
    return len(book.joint_actions)


_SILENT = {closure.value: _closed_as(closure) for closure in (Closure.NO_ANSWER, Closure.NO_CONTACT)}

FORMULAS: tuple[Formula, ...] = (
    Formula("response", "响应率", 1, "contacted in time by a person / contact due", _contacted, _contact_due),
    # 2: each answer counts. By the last of a ticket all were resolved: one that is not orders rework, and is asked about again
    Formula("resolution", "解决率", 2, "answers that say resolved / answers; no answer apart", _resolved, _answers, _SILENT),
    Formula("satisfaction", "满意率", 2, "satisfied answers / answers; no answer apart", _satisfied, _answers, _SILENT),
    Formula("completion", "办结率", 1, "closed / due", _closed_of_due, _handle_due),
    Formula(
        "completion_in_time",
        "按期办结率",
        1,
        "closed, and last handled in time / (due − granted extensions)",
        _closed_in_time,
        _unextended_due,
    ),
    Formula("report_in", "报到率", 1, "units reported in on time / called and due", _reported_in, _called),
    Formula("mediation", "调解成功率", 1, "agreed / opened; running shown beside", _agreed, _mediations, {"running": _running}),
    Formula(
        "performance",
        "履约率",
        1,
        "performed / agreed; those not yet to be looked at shown beside",
        _performed,
        _agreed,
        {"to_be_performed": _to_be_performed},
    ),
    Formula("rework", "返工率", 1, "rework ordered after it / verifications, passed or not", _reworked, _verifications),
    Formula("returns", "退单率", 1, "returned / assigned", _returned, _assigned),
    Formula("grassroots", "基层化解率", 1, "closed at levels 1–2 / closed", _closed_at_the_grassroots, _closed),
    Formula("department_calls", "部门吹哨率", 1, "joint actions called / tickets", _department_calls, _one),
    Formula("ineffective", "无效办结率", 1, "whistled again soon after at the same place / closed", _ineffective, _closed),
)
BY_NAME: Mapping[str, Formula] = {formula.name: formula for formula in FORMULAS}
