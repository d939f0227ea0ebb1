"""The words in which a duty officer reads why a ticket refuses a command."""

from collections.abc import Mapping

from contracts.codes import CommandRefusal
from services.tickets.domain.allowed_commands import ALLOWED, Command, State

_STATES: Mapping[State, tuple[str, str]] = {
    State.OPEN: ("已受理", "open"),
    State.HANDLING: ("办理中", "being handled"),
    State.HANDLED: ("已报办理完毕", "reported as done"),
    State.VERIFYING: ("核查中", "being verified"),
    State.REVISITING: ("回访中", "waiting for the resident's answer"),
    State.CLOSED: ("已办结", "closed"),
    State.REOPENED: ("已重开", "reopened"),
    State.PARKED: ("已挂账", "parked"),
    State.REJECTED: ("不予受理", "rejected"),
    State.MERGED: ("已并单", "merged into another ticket"),
    State.CANCELLED: ("已撤回", "cancelled"),
}
_COMMANDS: Mapping[Command, tuple[str, str]] = {
    Command.REJECT: ("不予受理", "To reject it"),
    Command.MERGE: ("并单", "To merge it"),
    Command.PARK: ("挂账", "To park it"),
    Command.RESUME: ("恢复办理", "To resume it"),
    Command.RAISE_URGENCY: ("提高紧急程度", "To raise its urgency"),
    Command.RATE: ("评价", "To rate it"),
    Command.REOPEN: ("重开", "To reopen it"),
    Command.CANCEL: ("撤回", "To cancel it"),
    Command.CHANGE_CATEGORY: ("更改类别", "To change its category"),
    Command.CORRECT_CONTACT: ("更正联系方式", "To correct the contact"),
    Command.NOTE: ("记内部备注", "To note something"),
    Command.SPLIT: ("拆单", "To split it"),
}
_REASONS: Mapping[CommandRefusal, tuple[str, str]] = {
    CommandRefusal.TOO_LATE: (
        "重开期限已过。如问题仍在，请另开新单。",
        "The time for reopening is over. If the problem remains, open a new ticket.",
    ),
    CommandRefusal.HIGHEST_URGENCY: ("紧急程度已是最高（E0）。", "The urgency is the highest already (E0)."),
    CommandRefusal.POLICE_MATTER: (
        "涉警事项由公安单独办理，不得并单。",
        "A police matter is handled by the police by itself and is never merged.",
    ),
    CommandRefusal.GOES_ON_ELSEWHERE: (
        "此单已并入另一工单，请在那张工单上操作；该单办结后，报告人可重开此单。",
        "The matter goes on as another ticket: act on that one. Once that one is closed, the reporter may reopen this one.",
    ),
}


def refusal_words(command: Command, state: State, code: CommandRefusal) -> Mapping[str, str]:
    """Return why a command is refused, by language."""
    zh, en = _REASONS[code] if code in _REASONS else _not_now(command, state)
    return {"zh": zh, "en": en}


def _not_now(command: Command, state: State) -> tuple[str, str]:
    """Return the ticket's state, and the states in which the command is possible."""
    wanted = [one for one in State if one in ALLOWED[command]]
    zh = "、".join(f"“{_STATES[one][0]}”" for one in wanted)
    *most, last = (_STATES[one][1] for one in wanted)
    en = f"{', '.join(most)} or {last}" if most else last
    (zh_command, en_command), (zh_state, en_state) = _COMMANDS[command], _STATES[state]
    return (
        f"工单目前为“{zh_state}”。{zh_command}只适用于{zh}的工单。",
        f"The ticket is {en_state}. {en_command} is possible only while it is {en}.",
    )
