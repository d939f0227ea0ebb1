"""Where a ticket may stand, and which command is allowed where: the domain page's section 3 as one table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from chassis.effects import Refused
from contracts.codes import TicketState

State = TicketState

BEFORE_HANDLED = frozenset({State.OPEN, State.REOPENED, State.HANDLING})
"""Nobody says yet, or says again, that it is done."""
AFTER_HANDLED = frozenset({State.HANDLED, State.VERIFYING, State.REVISITING})
"""The responders say done; it is being checked."""
OPEN_STATES = BEFORE_HANDLED | AFTER_HANDLED | {State.PARKED}
"""The matter is not settled."""
FINAL = frozenset({State.REJECTED, State.MERGED, State.CANCELLED})
"""Nobody works on the ticket any more. Nothing leads out of these, but that a merged one may leave its survivor (`sharing`)."""


class Command(StrEnum):
    """What people may want of a ticket. What dispatch and the clocks say are facts, and are never refused for the state."""

    REJECT = "reject"
    MERGE = "merge"
    PARK = "park"
    RESUME = "resume"
    RAISE_URGENCY = "raise_urgency"
    RATE = "rate"
    REOPEN = "reopen"
    CANCEL = "cancel"


ALLOWED: Mapping[Command, frozenset[State]] = MappingProxyType(
    {
        Command.REJECT: BEFORE_HANDLED,
        Command.MERGE: BEFORE_HANDLED,
        Command.PARK: OPEN_STATES - {State.PARKED},
        Command.RESUME: frozenset({State.PARKED}),
        Command.RAISE_URGENCY: OPEN_STATES,
        Command.RATE: frozenset({State.REVISITING}),
        Command.REOPEN: frozenset({State.CLOSED}),
        Command.CANCEL: OPEN_STATES,
    }
)
"""In which states each command is allowed; further conditions stand with the command's own rule."""


class NotNow(Refused):
    """The command is not allowed where the ticket stands."""


def require(command: Command, state: State) -> None:
    """Raises NotNow unless the table allows the command in this state."""
    if state not in ALLOWED[command]:
        raise NotNow(f"{command.value}: not while the ticket is {state.value}")
