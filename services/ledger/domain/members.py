"""Members: responders registered as volunteers, who have an account. A registration counts from its instant on.

Facts may come in any order: an act of somebody who is not registered yet waits until the registration comes that was before
it. So the points are the same whichever was heard first.
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.ledger.domain.double_entry import Transfer, opening_transfer


@dataclass
class Registration:
    """A responder's record in the directory from an instant on."""

    at: datetime
    volunteer: bool


@dataclass
class PendingAct:
    """A mediation by a responder whose registration has not been received yet."""

    ticket: str
    mediation: str
    at: datetime


@dataclass
class Account:
    """A responder's account. ``registrations`` are by the number that dispatch gave them."""

    id: str
    opened: bool = False
    registrations: dict[str, Registration] = field(default_factory=dict)
    waiting: list[PendingAct] = field(default_factory=list)

    def register(self, number: int, volunteer: bool, at: datetime, amount: int) -> tuple[Transfer, ...]:
        """Take the directory's record. The first one that says volunteer opens the account, for ever."""
        self.registrations[str(number)] = Registration(at, volunteer)
        if self.opened or not volunteer:
            return ()
        self.opened = True
        return (opening_transfer(self.id, amount),) if amount else ()

    def member_at(self, instant: datetime) -> bool | None:
        """Return whether the responder was a member at an instant; None where nothing is known of that time."""
        before = [(int(number), one) for number, one in self.registrations.items() if one.at <= instant]
        return max(before, key=lambda numbered: numbered[0])[1].volunteer if before else None

    def wait(self, ticket: str, mediation: str, at: datetime) -> None:
        """Keep an act until it is known whether its responder was a member."""
        self.waiting.append(PendingAct(ticket, mediation, at))

    def resolve_pending(self) -> list[PendingAct]:
        """Return the pending acts that turn out to be a member's, each once."""
        decided = [(act, self.member_at(act.at)) for act in self.waiting]
        self.waiting = [act for act, member in decided if member is None]
        return [act for act, member in decided if member]
