"""The ticket book (台账): one record per ticket with the facts that the figures are made of. `noting` says what is taken from
which event.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass
class Call:
    """A responder named to handle: at a level, in a mediation or in a joint action; and whether it was there in time."""

    unit: str | None = None
    due: datetime | None = None
    reported_in: datetime | None = None
    relieved_at: datetime | None = None
    returned: bool = False


@dataclass
class Mediation:
    """``perform_by`` is when performance is looked at; ``performed`` what was seen, None before."""

    mediator: str | None = None
    agreed: bool = False
    failed: bool = False
    perform_by: datetime | None = None
    performed: bool | None = None


@dataclass
class Answer:
    """What the resident said to a revisit: whether it is solved, and whether that was well done."""

    resolved: bool
    satisfied: bool


@dataclass
class Book:
    """Instants are business time. ``opened_at`` is None until the ticket's own event came: then it counts for nothing."""

    id: str
    category: str | None = None
    area: str | None = None
    estate: str | None = None
    urgency: str | None = None
    level: str | None = None
    """Where the case stands, or what ended it."""
    opened_at: datetime | None = None
    contact_due: datetime | None = None
    contacted_at: datetime | None = None
    handle_due: datetime | None = None
    extended: bool = False
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    closure: str | None = None
    doubted: bool = False
    """Whistled again soon after it was closed: the closure was ineffective."""
    out: str | None = None
    """Rejected, merged or cancelled: not counted anywhere."""
    calls: dict[str, Call] = field(default_factory=dict)
    mediations: dict[str, Mediation] = field(default_factory=dict)
    joint_actions: dict[str, str] = field(default_factory=dict)
    """The lead by joint action."""
    rungs: dict[str, int] = field(default_factory=dict)
    """By generation, the number of the level that completed it, from 1."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """By generation, what the resident said when asked. One that says "not solved" stays, whatever came of the rework."""
    verified: dict[str, bool] = field(default_factory=dict)
    """By generation, whether who checked found it solved."""
    reworked: dict[str, bool] = field(default_factory=dict)
    """By generation, that it had to be worked on again."""
    numbers: dict[str, int] = field(default_factory=dict)
    """The number of the event that a changeable fact was last taken from."""

    def newer(self, fact: str, number: int) -> bool:
        """Whether an event is the latest word about a fact so far; if so, it is remembered as such."""
        if self.numbers.get(fact, 0) >= number:
            return False
        self.numbers[fact] = number
        return True

    def first(self, fact: str, number: int) -> bool:
        """Whether an event is the earliest word about a fact so far, by its number; if so, it is remembered as such."""
        if fact in self.numbers and self.numbers[fact] <= number:
            return False
        self.numbers[fact] = number
        return True

    def call(self, assignment: str) -> Call:
        """The record of an assignment."""
        return self.calls.setdefault(assignment, Call())

    def mediation(self, mediation: str) -> Mediation:
        """The record of a mediation."""
        return self.mediations.setdefault(mediation, Mediation())

    @property
    def units(self) -> list[str]:
        """Who was called."""
        return sorted({call.unit for call in self.calls.values() if call.unit})

    def of_unit(self, unit: str) -> "Book | None":
        """The record as far as it is about one unit; None where that was not called.

        What is counted by ticket counts for each unit that was called; what is counted by call or mediation for its own unit.
        """
        if unit not in self.units:
            return None
        return replace(
            self,
            calls={id_: call for id_, call in self.calls.items() if call.unit == unit},
            mediations={id_: one for id_, one in self.mediations.items() if one.mediator == unit},
            joint_actions={id_: lead for id_, lead in self.joint_actions.items() if lead == unit},
        )
