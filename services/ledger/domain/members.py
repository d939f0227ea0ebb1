"""Who has an account: responders that were registered as volunteers. What a record said at an instant counts at that instant.

Facts may come in any order: an act of somebody who is not registered yet waits until the registration comes that was before
it. So the books are the same whichever was heard first.
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.ledger.domain.points import Transfer, opening


@dataclass
class Registration:
    """What the directory said of a responder from an instant on."""

    at: datetime
    volunteer: bool


@dataclass
class Unknown:
    """A mediation of somebody of whom the directory had said nothing yet, as far as was heard."""

    ticket: str
    mediation: str
    at: datetime


@dataclass
class Account:
    """A responder, and whether it is a member. ``registrations`` are by the number that dispatch gave them."""

    id: str
    opened: bool = False
    registrations: dict[str, Registration] = field(default_factory=dict)
    waiting: list[Unknown] = field(default_factory=list)

    def register(self, number: int, volunteer: bool, at: datetime, amount: int) -> tuple[Transfer, ...]:
        """The directory's record. The first that says volunteer opens the account, once for ever."""
        self.registrations[str(number)] = Registration(at, volunteer)
        if self.opened or not volunteer:
            return ()
        self.opened = True
        return (opening(self.id, amount),) if amount else ()

    def member_at(self, instant: datetime) -> bool | None:
        """Whether it was a member then; None where nothing is known of that time."""
        before = [(int(number), one) for number, one in self.registrations.items() if one.at <= instant]
        return max(before, key=lambda numbered: numbered[0])[1].volunteer if before else None

    def wait(self, ticket: str, mediation: str, at: datetime) -> None:
        """Keep an act until it is known whether its account was a member."""
        self.waiting.append(Unknown(ticket, mediation, at))

    def known_now(self) -> list[Unknown]:
        """The acts that waited and are a member's, as it now turns out. Each is answered once."""
        decided = [(act, self.member_at(act.at)) for act in self.waiting]
        self.waiting = [act for act, member in decided if member is None]
        return [act for act, member in decided if member]
