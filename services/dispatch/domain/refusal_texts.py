"""The refusals of commands for people: a stable code for each, and a text in Chinese and English."""

from dataclasses import dataclass

from chassis.effects import Refused
from contracts.codes import EarlierFact
from contracts.codes import Refusal as Code
from services.dispatch.domain.case import NotAssigned, NotNow, NotSupervisor, SelfVerification
from services.dispatch.domain.commands import NotTaken
from services.dispatch.domain.extensions import NoExtension
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.pauses import TicketParked
from services.dispatch.domain.police_matter import NeverToThem
from services.dispatch.domain.responses.convene import InJointAction, NoJointAction, NotExcusable
from services.dispatch.domain.responses.mediate import (
    InMediation,
    MovesNoMore,
    NoAgreement,
    NoConsent,
    NoMediation,
    NoSession,
)
from services.dispatch.domain.returns import NoBudget
from services.dispatch.domain.rulings import NoRulingAsked

REFUSALS: dict[type[Refused], tuple[Code, str, str]] = {
    NotAssigned: (Code.NOT_ASSIGNED, "本单位在此案中没有这项任务", "the unit has no such assignment in this case"),
    NotSupervisor: (Code.NOT_SUPERVISOR, "本单位不是此案的督办单位", "the unit does not supervise this case"),
    SelfVerification: (Code.SELF_VERIFICATION, "办理的单位和账号不能核查自己", "who handled the matter may not verify it"),
    NoConsent: (Code.NO_CONSENT, "还缺当事人的同意", "a party's consent is missing"),
    NoSession: (Code.NO_SESSION, "尚未开过调解会，不能达成协议", "nobody can agree before a session was held"),
    NoMediation: (Code.NO_MEDIATION, "此案没有正在进行的调解", "no mediation is going on in this case"),
    NoAgreement: (Code.NO_AGREEMENT, "此案没有待履行的协议", "no agreement of this case waits for its performance"),
    InMediation: (Code.IN_MEDIATION, "调解以达成协议或调解未成结束", "a mediation ends with an agreement or fails"),
    MovesNoMore: (Code.MOVES_NO_MORE, "此案已离开这一级，不再上交", "the case does not move up any more"),
    InJointAction: (
        Code.IN_JOINT_ACTION,
        "联动单位完成任务或经裁定免除，不退单也不上交",
        "a unit of a joint action finishes or is excused; it neither returns nor hands up",
    ),
    NoJointAction: (Code.NO_JOINT_ACTION, "此案没有正在进行的部门联动", "no joint action is going on for this unit"),
    NotExcusable: (
        Code.NOT_EXCUSABLE,
        "没有可以免除的协办单位",
        "there is no unit to excuse: the lead stays, and others were not called",
    ),
    NoBudget: (Code.NO_RETURN_LEFT, "退单次数已用完，以裁定为准", "no return is left; the ruling stands"),
    NoExtension: (
        Code.NO_EXTENSION,
        "延期须在到期前申请，每个时限一次，且不超过上限",
        "an extension is asked once for a clock, before the time is over, and within its limit",
    ),
    NoRulingAsked: (Code.NO_RULING_ASKED, "此案没有待裁定的事项", "no ruling is asked for in this case"),
    NeverToThem: (
        Code.POLICE_MATTER,
        "涉警事项不能派给物业或贤达",
        "a police matter never goes to a property company or a mediator",
    ),
    TicketParked: (
        Code.TICKET_PARKED,
        "工单已挂账，由受理端恢复",
        "the ticket is parked; the work goes on when the ticket is resumed",
    ),
    NotTaken: (Code.NOT_TAKEN, "此指令尚不支持", "the command is not supported yet"),
    NotNow: (Code.NOT_NOW, "此案现在不接受此指令", "the case does not take the command now"),
}
"""The code and the texts of each refusal, TooLate excepted: its texts say what came first."""

FACTS: dict[EarlierFact, tuple[str, str]] = {
    EarlierFact.SIGNED: ("已签收", "it was signed"),
    EarlierFact.CONTACTED: ("已联系群众", "the resident was contacted"),
    EarlierFact.REPORTED_IN: ("已报到", "the unit reported in"),
    EarlierFact.BREACHED: ("已超时", "the time ran out"),
    EarlierFact.HANDED_UP: ("已上交", "it was handed up"),
    EarlierFact.ESCALATED: ("已提级", "the case moved up"),
    EarlierFact.FAILED: ("调解已结束", "the mediation ended"),
    EarlierFact.AGREED: ("已达成调解协议", "the parties agreed"),
    EarlierFact.RETURNED: ("已退单", "it was returned"),
    EarlierFact.RULED: ("已裁定", "a supervisor ruled"),
    EarlierFact.EXCUSED: ("已免除", "the unit was excused"),
    EarlierFact.FINISHED: ("已完成", "the unit finished"),
    EarlierFact.HANDLED: ("已办理", "it was handled"),
    EarlierFact.VERIFIED: ("已核查", "it was verified"),
    EarlierFact.RELIEVED: ("已不再由本单位办理", "the unit was relieved of it"),
    EarlierFact.PAUSED: ("已暂停", "the case was paused"),
    EarlierFact.RESUMED: ("已恢复办理", "the case was resumed"),
    EarlierFact.REROUTED: ("已改派", "the case was routed again"),
    EarlierFact.COMPLETED: ("已办结", "the case was completed"),
    EarlierFact.PERFORMED: ("已报告履约情况", "the performance was reported"),
    EarlierFact.MERGED: ("已并单", "the ticket was merged"),
    EarlierFact.REJECTED: ("已不予受理", "the ticket was rejected"),
    EarlierFact.CANCELLED: ("已撤销", "the ticket was cancelled"),
}
"""Each earlier fact in Chinese and English."""


@dataclass(frozen=True)
class RefusalText:
    """A refusal for people."""

    code: Code
    zh: str
    en: str


def text_of(refused: Refused) -> RefusalText:
    """Return the code and the texts of a refusal; those of its nearest base class that has some."""
    if isinstance(refused, TooLate):
        return _too_late(refused)
    known = next((REFUSALS[cls] for cls in type(refused).__mro__ if cls in REFUSALS), REFUSALS[NotNow])
    return RefusalText(*known)


def _too_late(late: TooLate) -> RefusalText:
    zh, en = (
        FACTS[late.fact] if late.fact else ("已有其他处理，或无此需要", "something else was done, or nothing is left to do")
    )
    when = f"{late.at:%Y-%m-%d %H:%M}" if late.at else ""
    return RefusalText(Code.TOO_LATE, f"{zh}（{when}）" if when else zh, f"{en} ({when})" if when else en)
