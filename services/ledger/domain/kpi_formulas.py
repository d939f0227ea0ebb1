"""The formulas of the KPIs of the domain page's section 7: pure functions of the ticket records at an instant."""

from collections.abc import Mapping
from datetime import datetime

from contracts.codes import Closure
from services.ledger.domain.kpi_figures import Count, Formula
from services.ledger.domain.ticket_record import Call, TicketRecord

GRASSROOTS = 2
"""基层化解: the community's own levels, the first two of the ladder."""


def _came_due(due: datetime | None, done: datetime | None, at: datetime) -> bool:
    """Return whether it was done, or its time is over."""
    return due is not None and (done is not None or due <= at)


def _in_time(due: datetime | None, done: datetime | None) -> bool:
    return due is not None and done is not None and done <= due


# --- the ticket


def _contact_due(record: TicketRecord, at: datetime) -> int:
    return int(_came_due(record.contact_due, record.contacted_at, at))


def _contacted(record: TicketRecord, _at: datetime) -> int:
    return int(_in_time(record.contact_due, record.contacted_at))


def _answers(record: TicketRecord, _at: datetime) -> int:
    return len(record.answers)


def _resolved(record: TicketRecord, _at: datetime) -> int:
    return sum(answer.resolved for answer in record.answers.values())


def _satisfied(record: TicketRecord, _at: datetime) -> int:
    return sum(answer.satisfied for answer in record.answers.values())


def _handle_due(record: TicketRecord, at: datetime) -> int:
    return int(_came_due(record.handle_due, record.closed_at, at))


def _closed_of_due(record: TicketRecord, at: datetime) -> int:
    return int(record.closed_at is not None and bool(_handle_due(record, at)))


def _unextended_due(record: TicketRecord, at: datetime) -> int:
    return int(bool(_handle_due(record, at)) and not record.extended)


def _closed_in_time(record: TicketRecord, at: datetime) -> int:
    return int(
        bool(_unextended_due(record, at)) and record.closed_at is not None and _in_time(record.handle_due, record.handled_at)
    )


def _closed(record: TicketRecord, _at: datetime) -> int:
    return int(record.closed_at is not None)


def _ineffective(record: TicketRecord, _at: datetime) -> int:
    return int(record.closed_at is not None and record.doubted)


def _closed_at_the_grassroots(record: TicketRecord, _at: datetime) -> int:
    last = max(record.rungs, key=int, default=None)
    return int(record.closed_at is not None and last is not None and record.rungs[last] <= GRASSROOTS)


def _one(_book: TicketRecord, _at: datetime) -> int:
    return 1


def _closed_as(closure: Closure) -> Count:
    return lambda record, _: int(record.closure == closure.value)


# --- its parts


def _due_there(call: Call, at: datetime) -> bool:
    """Return whether a call was due. A unit relieved before its time was over, without having reported in, did not have to
    come.
    """
    excused = call.reported_in is None and call.relieved_at is not None and call.due is not None and call.relieved_at < call.due
    return _came_due(call.due, call.reported_in, at) and not excused


def _called(record: TicketRecord, at: datetime) -> int:
    return sum(_due_there(call, at) for call in record.calls.values())


def _reported_in(record: TicketRecord, _at: datetime) -> int:
    return sum(_in_time(call.due, call.reported_in) for call in record.calls.values())


def _assigned(record: TicketRecord, _at: datetime) -> int:
    return sum(call.unit is not None for call in record.calls.values())


def _returned(record: TicketRecord, _at: datetime) -> int:
    return sum(call.unit is not None and call.returned for call in record.calls.values())


def _mediations(record: TicketRecord, _at: datetime) -> int:
    return sum(one.mediator is not None for one in record.mediations.values())


def _agreed(record: TicketRecord, _at: datetime) -> int:
    return sum(one.mediator is not None and one.agreed for one in record.mediations.values())


def _running(record: TicketRecord, _at: datetime) -> int:
    return sum(not (one.agreed or one.failed) for one in record.mediations.values())


def _performed(record: TicketRecord, _at: datetime) -> int:
    return sum(one.mediator is not None and one.agreed and one.performed is True for one in record.mediations.values())


def _to_be_performed(record: TicketRecord, at: datetime) -> int:
    return sum(
        one.agreed and one.performed is None and one.perform_by is not None and one.perform_by > at
        for one in record.mediations.values()
    )


def _verifications(record: TicketRecord, _at: datetime) -> int:
    return len(record.verified)


def _reworked(record: TicketRecord, _at: datetime) -> int:
    return len(record.verified.keys() & record.reworked.keys())


def _department_calls(record: TicketRecord, _at: datetime) -> int:
    return len(record.joint_actions)


_SILENT = {closure.value: _closed_as(closure) for closure in (Closure.NO_ANSWER, Closure.NO_CONTACT)}

FORMULAS: tuple[Formula, ...] = (
    Formula(
        "response",
        "响应率",
        1,
        "contacted in time by a person / contact due",
        "按时由工作人员联系的件数 / 应联系件数",
        _contacted,
        _contact_due,
    ),
    # 2: each answer counts. By the last of a ticket all were resolved: one that is not orders rework, and is asked about again
    Formula(
        "resolution",
        "解决率",
        2,
        "answers that say resolved / answers; no answer apart",
        "答复“已解决”的次数 / 答复次数；未答复另列",
        _resolved,
        _answers,
        _SILENT,
    ),
    Formula(
        "satisfaction",
        "满意率",
        2,
        "satisfied answers / answers; no answer apart",
        "答复“满意”的次数 / 答复次数；未答复另列",
        _satisfied,
        _answers,
        _SILENT,
    ),
    Formula("completion", "办结率", 1, "closed / due", "到期且已办结的件数 / 到期件数", _closed_of_due, _handle_due),
    Formula(
        "completion_in_time",
        "按期办结率",
        1,
        "closed, and last handled in time / (due − granted extensions)",
        "已办结且最后一次办理未超期的件数 /（到期件数 − 获准延期件数）",
        _closed_in_time,
        _unextended_due,
    ),
    Formula(
        "report_in",
        "报到率",
        1,
        "units reported in on time / called and due",
        "按时报到的单位次数 / 应报到的单位次数",
        _reported_in,
        _called,
    ),
    Formula(
        "mediation",
        "调解成功率",
        1,
        "agreed / opened; running shown beside",
        "达成协议的调解数 / 启动的调解数；进行中的另列",
        _agreed,
        _mediations,
        {"running": _running},
    ),
    Formula(
        "performance",
        "履约率",
        1,
        "performed / agreed; those not yet to be looked at shown beside",
        "已履行的协议数 / 达成的协议数；未到核实时间的另列",
        _performed,
        _agreed,
        {"to_be_performed": _to_be_performed},
    ),
    Formula(
        "rework",
        "返工率",
        1,
        "rework ordered after it / verifications, passed or not",
        "核查后退回重办的次数 / 核查次数（不论通过与否）",
        _reworked,
        _verifications,
    ),
    Formula("returns", "退单率", 1, "returned / assigned", "退单次数 / 派单次数", _returned, _assigned),
    Formula(
        "grassroots",
        "基层化解率",
        1,
        "closed at levels 1–2 / closed",
        "在第一、二级办结的件数 / 办结件数",
        _closed_at_the_grassroots,
        _closed,
    ),
    Formula(
        "department_calls",
        "部门吹哨率",
        1,
        "joint actions called / tickets",
        "发起部门联动的次数 / 工单数",
        _department_calls,
        _one,
    ),
    Formula(
        "ineffective",
        "无效办结率",
        1,
        "whistled again soon after at the same place / closed",
        "办结后短期内同一地点再次反映的件数 / 办结件数",
        _ineffective,
        _closed,
    ),
)
BY_NAME: Mapping[str, Formula] = {formula.name: formula for formula in FORMULAS}
