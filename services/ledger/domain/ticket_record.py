"""The ticket record (台账): the facts of one ticket from which the figures are computed. `ticket_projection` fills it from the
events.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass
class Call:
    """A responder named to handle, at a level, in a mediation or in a joint action; and whether it reported in on time."""

    unit: str | None = None
    due: datetime | None = None
    reported_in: datetime | None = None
    relieved_at: datetime | None = None
    returned: bool = False


@dataclass
class Mediation:
    """A mediation. ``perform_by`` is when performance is checked; ``performed`` the result, None before."""

    mediator: str | None = None
    agreed: bool = False
    failed: bool = False
    perform_by: datetime | None = None
    performed: bool | None = None


@dataclass
class Answer:
    """The resident's answer to a revisit: whether the matter is solved, and whether they are satisfied."""

    resolved: bool
    satisfied: bool


@dataclass
class TicketRecord:
    """The record of a ticket. Instants are business time. Without ``opened_at`` it counts for nothing."""

    id: str
    category: str | None = None
    area: str | None = None
    estate: str | None = None
    urgency: str | None = None
    level: str | None = None
    """The level of the case, or the one that ended it."""
    opened_at: datetime | None = None
    contact_due: datetime | None = None
    contacted_at: datetime | None = None
    handle_due: datetime | None = None
    extended: bool = False
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    closure: str | None = None
    doubted: bool = False
    """Whistled again soon after the closure, which was therefore ineffective."""
    out: str | None = None
    """Rejected, merged or cancelled: counted nowhere."""
    calls: dict[str, Call] = field(default_factory=dict)
    mediations: dict[str, Mediation] = field(default_factory=dict)
    joint_actions: dict[str, str] = field(default_factory=dict)
    """The lead unit by joint action."""
    rungs: dict[str, int] = field(default_factory=dict)
    """The number, from 1, of the level that completed each generation."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """The resident's answer by generation. An answer "not solved" stays, whatever the result of the rework."""
    verified: dict[str, bool] = field(default_factory=dict)
    """True if the verifier found the matter solved, by generation."""
    reworked: dict[str, bool] = field(default_factory=dict)
    """The generations that had to be worked on again."""
    numbers: dict[str, int] = field(default_factory=dict)
    """The number of the event that last set each changeable fact."""

    def newer(self, fact: str, number: int) -> bool:
        """Return whether an event is the latest so far about a fact; if so, remember it."""
        if self.numbers.get(fact, 0) >= number:
            return False
        self.numbers[fact] = number
        return True

    def first(self, fact: str, number: int) -> bool:
        """Return whether an event is the earliest so far about a fact, by its number; if so, remember it."""
        if fact in self.numbers and self.numbers[fact] <= number:
            return False
        self.numbers[fact] = number
        return True

    def call(self, assignment: str) -> Call:
        """Return the record of an assignment."""
        return self.calls.setdefault(assignment, Call())

    def mediation(self, mediation: str) -> Mediation:
        """Return the record of a mediation."""
        return self.mediations.setdefault(mediation, Mediation())

    @property
    def units(self) -> list[str]:
        """Return the called units."""
        return sorted({call.unit for call in self.calls.values() if call.unit})

    def for_unit(self, unit: str) -> "TicketRecord | None":
        """Return the part of the record that is about one unit; None for a unit that was not called.

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
