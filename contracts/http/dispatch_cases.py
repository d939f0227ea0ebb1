"""The HTTP operations of dispatch about one case: its clocks, its allowed commands, and its progress for a resident."""

from http import HTTPStatus

from marshmallow import Schema

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.codes import CaseState, Step
from contracts.http.links import LinkSearch
from contracts.http.operation import Operation


class ClockMark(Schema):
    """A mark of a clock that is ahead."""

    at = fields.instant("when")
    stage = fields.code(codes.ClockStage, "what happens then")
    to = fields.ident(
        "the unit that is told, as things stand; null where the case escalates, or nobody is there", optional=True
    )


class RunningClock(Schema):
    """A running clock, with the explanation of its due time."""

    clock = fields.code(codes.Clock, "which clock")
    assignment = fields.ident("the assignment it runs for; null for a clock of the case", optional=True)
    unit = fields.ident("the unit of that assignment", optional=True)
    since = fields.instant("from when it runs")
    rule = fields.name("the span, such as 5wd")
    due = fields.instant("when it is due; while the case is paused, as if the pause ended now")
    provisional = fields.flag("past the known calendar: weekends alone were counted")
    calendar = fields.ident(
        "version of the working calendar; null for an old clock that is not computed anew yet", optional=True
    )
    breached = fields.flag("its time ran out")
    stage = fields.count("how many marks it has passed: 1 at half, 2 at four fifths, 3 when it was breached, and so on")
    escalates = fields.flag("its breach moves the case up; the breach of any other calls a supervisor")
    explanation = fields.text(
        "rule, start, pauses and arithmetic, in words; times in the deployment's zone. Null while another calendar is adopted",
        optional=True,
    )
    ahead = fields.nested(ClockMark, "what happens next, and when", many=True)


class CasePause(Schema):
    """A pause of the clocks."""

    start = fields.instant("when it began")
    end = fields.instant("when it ended; null while it lasts", optional=True)


class CaseClocks(Schema):
    """The running clocks of a case, and its pauses."""

    ticket = fields.ident("the ticket's id")
    paused = fields.flag("the clocks stand still")
    clocks = fields.nested(RunningClock, "the running clocks, the earliest due first", many=True)
    pauses = fields.nested(CasePause, "the pauses, in order", many=True)


class RefusalReason(Schema):
    """The reason for which a command cannot be given now."""

    code = fields.code(codes.Refusal, "the reason as a code")
    zh = fields.text("the reason in Chinese")
    en = fields.text("the reason in English")


class CommandChoice(Schema):
    """A command, and whether it can be given now."""

    command = fields.code(codes.Command, "the command")
    allowed = fields.flag("it can be given now")
    wants = fields.names("the fields of the report that it needs besides ticket, command and unit")
    reason = fields.nested(RefusalReason, "why it cannot be given now; null where it can", optional=True)


class UnitCommands(Schema):
    """Every command for one unit. `rule` is there twice while a unit is to be named and an extension is to be decided."""

    unit = fields.ident("the responder")
    supervises = fields.flag("it is a supervisor of the case")
    commands = fields.nested(CommandChoice, "every command", many=True)


class CaseCommands(Schema):
    """The commands that the account may give to a case, by unit."""

    ticket = fields.ident("the ticket's id")
    units = fields.nested(UnitCommands, "the units that the account speaks for and that have a part in the case", many=True)


class UnitProgress(Schema):
    """A unit that works on the matter now."""

    unit = fields.ident("the responder")
    level = fields.ident("the level of the ladder, or verify")
    purpose = fields.code(codes.Purpose, "what for")
    step = fields.code(Step, "how far it is")
    since = fields.instant("when it was asked")


class ClockProgress(Schema):
    """A running clock that concerns the resident."""

    clock = fields.code(codes.Clock, "which clock")
    due = fields.instant("when it is due; while the case is paused, as if the pause ended now")
    provisional = fields.flag("past the known calendar: it may change")
    breached = fields.flag("its time ran out")
    explanation = fields.text("how the due time follows, in words; null while another calendar is adopted", optional=True)


class PartyConsent(Schema):
    """The consent of one party to a mediation."""

    party = fields.code(codes.Party, "which party")
    consented = fields.flag("it consents now")
    withdrawn = fields.flag("it consented, or was asked, and withdrew")


class MediationProgress(Schema):
    """The latest mediation of the case."""

    mediator = fields.ident("who mediates")
    outcome = fields.ident("agreed, failed, performed or not_performed; null while it goes on", optional=True)
    consents = fields.nested(PartyConsent, "the parties' consents", many=True)
    sessions = fields.names("the steps of the sessions that were held, in order", most=1000)


class CalledUnit(Schema):
    """A unit that was called to a joint action."""

    unit = fields.ident("the responder")
    reported_in = fields.flag("it is there")
    finished = fields.flag("it did its part")
    excused = fields.flag("a supervisor excused it")


class JointProgress(Schema):
    """The latest joint action of the case."""

    lead = fields.ident("the unit that leads")
    units = fields.nested(CalledUnit, "the units that were called, the lead among them", many=True)


class Progress(Schema):
    """The progress of a matter, for the holder of one of its links. It has no private data."""

    ticket = fields.ident("the ticket's id")
    state = fields.code(CaseState, "where the work stands")
    level = fields.ident("the level of the ladder it stands at", optional=True)
    paused = fields.flag("the clocks stand still")
    units = fields.nested(UnitProgress, "the units at work now", many=True)
    clocks = fields.nested(ClockProgress, "the running clocks, the earliest due first", many=True)
    mediation = fields.nested(MediationProgress, "the latest mediation, where there was one", optional=True)
    joint_action = fields.nested(JointProgress, "the latest joint action, where there was one", optional=True)
    told = fields.text("where the matter stands, in Chinese and English")


_TICKET = "TMFQWCZLOEBSG44DF"
_UNIT = "yangguang-property"
_EXPLAINED = "自 2026-03-03 09:12 起 24 小时，至 2026-03-04 09:12"
_NO_CASE = {HTTPStatus.NOT_FOUND: "No case for such a ticket, or none of the account's own."}

GET_CLOCKS = Operation(
    method="GET",
    path="/cases/{ticket}/clocks",
    id="getClocks",
    summary="The running clocks of a case: when each is due and why, and what happens next.",
    role="reader",
    own_role="responder",
    status=HTTPStatus.OK,
    answer=CaseClocks,
    parameters={"ticket": "The ticket's id."},
    refusals=_NO_CASE,
    answered={
        "ticket": _TICKET,
        "paused": False,
        "clocks": [
            {
                "clock": "contact",
                "assignment": None,
                "unit": None,
                "since": "2026-03-03T09:12:00+08:00",
                "rule": "24h",
                "due": "2026-03-04T09:12:00+08:00",
                "provisional": False,
                "calendar": "cn-2026-1",
                "breached": False,
                "stage": 1,
                "escalates": False,
                "explanation": _EXPLAINED,
                "ahead": [
                    {"at": "2026-03-04T04:24:00+08:00", "stage": "urge_most", "to": _UNIT},
                    {"at": "2026-03-04T09:12:00+08:00", "stage": "supervise", "to": "shanqi-supervisor"},
                ],
            }
        ],
        "pauses": [{"start": "2026-03-03T12:00:00+08:00", "end": "2026-03-03T12:30:00+08:00"}],
    },
)

GET_COMMANDS = Operation(
    method="GET",
    path="/cases/{ticket}/commands",
    id="getCommands",
    summary="The commands that the account's units may give to a case now, and why the others are refused.",
    role="responder",
    personal=True,
    status=HTTPStatus.OK,
    answer=CaseCommands,
    parameters={"ticket": "The ticket's id."},
    refusals={HTTPStatus.NOT_FOUND: "No case for such a ticket, or none in which a unit of the account has a part."},
    answered={
        "ticket": _TICKET,
        "units": [
            {
                "unit": _UNIT,
                "supervises": False,
                "commands": [
                    {"command": "sign", "allowed": True, "wants": [], "reason": None},
                    {"command": "return", "allowed": True, "wants": ["reason"], "reason": None},
                    {
                        "command": "verify",
                        "allowed": False,
                        "wants": ["passed"],
                        "reason": {
                            "code": "not_assigned",
                            "zh": "本单位在此案中没有这项任务",
                            "en": "the unit has no such assignment in this case",
                        },
                    },
                ],
            }
        ],
    },
)

SHOW_PROGRESS = Operation(
    method="GET",
    path="/cases/{ticket}/progress",
    id="showProgress",
    summary="The progress of a matter, for the holder of any of its signed links that is not expired.",
    role="",
    public=True,
    page=True,
    status=HTTPStatus.OK,
    answer=Progress,
    search=LinkSearch,
    parameters={"ticket": "The ticket's id."},
    refusals={
        HTTPStatus.NOT_FOUND: "No such ticket.",
        HTTPStatus.GONE: "The link is expired: `detail` says so, for its holder.",
    },
    answered={
        "ticket": _TICKET,
        "state": "working",
        "level": "property",
        "paused": False,
        "units": [
            {
                "unit": _UNIT,
                "level": "property",
                "purpose": "handle",
                "step": "signed",
                "since": "2026-03-03T09:12:01+08:00",
            }
        ],
        "clocks": [
            {
                "clock": "contact",
                "due": "2026-03-04T09:12:00+08:00",
                "provisional": False,
                "breached": False,
                "explanation": _EXPLAINED,
            }
        ],
        "mediation": None,
        "joint_action": None,
        "told": "事项正在办理。 · The matter is being worked on.",
    },
)

OPERATIONS = (GET_CLOCKS, GET_COMMANDS, SHOW_PROGRESS)
