"""The states of a ticket, and the commands that each state allows: the domain page's section 3 as one table."""

from collections.abc import Mapping
from types import MappingProxyType

from chassis.effects import Refused
from contracts.codes import TicketCommand, TicketState

State = TicketState

BEFORE_HANDLED = frozenset({State.OPEN, State.REOPENED, State.HANDLING})
"""The states in which no responder has reported the work as done, or the work has begun again."""
AFTER_HANDLED = frozenset({State.HANDLED, State.VERIFYING, State.REVISITING})
"""The states in which the responders report done and the result is being checked."""
OPEN_STATES = BEFORE_HANDLED | AFTER_HANDLED | {State.PARKED}
"""The states in which the matter is not settled."""
FINAL = frozenset({State.REJECTED, State.MERGED, State.CANCELLED})
"""The states in which nobody works on the ticket any more. The only way out: a merged ticket may leave its survivor
(`mergers`).
"""


Command = TicketCommand
"""The commands that people give. Facts from dispatch and timers are not commands and are never refused for the state."""

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
        Command.CHANGE_CATEGORY: BEFORE_HANDLED,
        Command.CORRECT_CONTACT: OPEN_STATES | {State.CLOSED, State.MERGED},
        Command.NOTE: frozenset(State),
        Command.SPLIT: OPEN_STATES,
    }
)
"""The states in which each command is allowed. A command's own rule may have further conditions."""


class NotNow(Refused):
    """Raised for a command that the ticket's state does not allow."""


def require(command: Command, state: State) -> None:
    """Raise NotNow unless the table allows the command in this state."""
    if state not in ALLOWED[command]:
        raise NotNow(f"{command.value}: not while the ticket is {state.value}")
