"""Several tickets and their cases together, without I/O: each service's events reach the other at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chassis.effects import DomainEvent, Effects
from contracts.codes import Purpose, RejectReason, UnmergeCause, Urgency
from services.dispatch.domain import pauses, rerouting, ticket_reactions
from services.dispatch.domain.playbook import Call, Playbook
from services.dispatch.domain.playbook import choose as choose_playbook
from services.tickets.domain import mergers, operator_commands, resident_commands
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from tests.unit.dispatch.town import BOOK, POLICE_BOOK, POLICE_MATTERS, T0, Told
from tests.unit.tickets.tickets import ticket

RULES = Rules(police_matters=POLICE_MATTERS)
LIGHTS = replace(
    BOOK,
    name="lights",
    takes=("street_light",),
    ladder=(replace(BOOK.ladder[0], level="liaison", to=Call(BOOK.verify.role, BOOK.verify.of)),),
)
"""A playbook beside the real ones, whose only level is another's."""
BOOKS: tuple[Playbook, ...] = (LIGHTS, POLICE_BOOK, BOOK)
CATEGORIES: Mapping[str, Urgency] = {
    "noise": Urgency.E2,
    "parking": Urgency.E2,
    "leak": Urgency.E1,
    "street_light": Urgency.E1,
    "domestic_violence": Urgency.E0,
    "suspected_crime": Urgency.E0,
}


class Matters:
    """Tickets by id, and the case of each."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.cases: dict[str, Told] = {}

    def open(self, category: str) -> str:
        """Blow a whistle; answers the ticket's id."""
        id_ = f"T{len(self.tickets) + 1}"
        urgency = CATEGORIES[category]
        one = ticket(id=id_, category=category, urgency=urgency, dispute=category == "noise")
        one.open(RULES)
        self.tickets[id_] = one
        book = choose_playbook(BOOKS, category)
        self.cases[id_] = told = Told(id=id_, category=category, urgency=urgency, dispute=one.dispute, playbook=book)
        self.hear(told.said)
        return id_

    def merge(self, id_: str, into: str) -> None:
        """Merge a ticket as the desk does. Raises Refused."""
        one, survivor = self.tickets[id_], self.tickets[into]
        more_serious = mergers.is_more_serious(CATEGORIES[one.category], CATEGORIES[survivor.category])
        self.say(mergers.merge_into(one, survivor, more_serious, RULES, T0))

    def end(self, id_: str, reject: bool) -> None:
        """The reporter cancels a ticket, or the desk rejects it; what was merged into it goes on. Raises Refused."""
        one = self.tickets[id_]
        merged = [other for other in self.tickets.values() if other.merged_into == id_]
        merged.sort(key=lambda other: (CATEGORIES[other.category].value, other.urgency.value, other.id))
        self.say(operator_commands.reject(one, RejectReason.NOT_OURS) if reject else resident_commands.cancel(one))
        if merged:
            cause = UnmergeCause.REJECTED if reject else UnmergeCause.CANCELLED
            self.say(mergers.continue_without_survivor(one, merged, cause, RULES, T0))

    def survivor(self, id_: str) -> Ticket:
        """Return the last ticket in the chain of mergers, or the ticket itself."""
        return [self.tickets[id_], *self.above(id_)][-1]

    def above(self, id_: str) -> list[Ticket]:
        """Return the chain of mergers, the nearest first."""
        into = self.tickets[id_].merged_into
        return [self.tickets[into], *self.above(into)] if into else []

    def reopen(self, id_: str) -> None:
        """A reporter reopens the ticket, merged or closed. Raises Refused."""
        one, above = self.tickets[id_], self.above(id_)
        self.say(mergers.leave_survivor(one, above, RULES, T0) if above else resident_commands.reopen(one, RULES, T0))

    def say(self, outcome: Effects) -> None:
        """Tell dispatch what happened to tickets, and tickets what dispatch made of it."""
        for happened in outcome.events:
            happened.payload.to_wire()
            self.act(happened.subject, lambda told, happened=happened: _dispatch(told, happened))

    def act(self, id_: str, act: Callable[[Told], Effects]) -> None:
        """Something happens to a case."""
        told = self.cases[id_]
        before = len(told.said)
        told.note(act(told))
        self.hear(told.said[before:])

    def hear(self, said: list[DomainEvent]) -> None:
        """Tell tickets what dispatch said."""
        for happened in said:
            one, data = self.tickets[happened.subject], happened.payload.by_name()
            match happened.payload.type:
                case "case.started.v1":
                    self.say(one.case_started(data["level"]))
                case "case.rerouted.v1" if data.get("level"):
                    self.say(one.work_assigned(data["generation"], data["level"]))
                case "assignment.made.v1" if data["purpose"] is Purpose.HANDLE:
                    self.say(one.work_assigned(data["generation"], data["level"]))
                case "assignment.made.v1":
                    self.say(one.verification_assigned(data["generation"]))
                case "case.completed.v1":
                    self.say(one.case_completed(data["generation"], data["handled_by"], data["level"]))


def _dispatch(told: Told, happened: DomainEvent) -> Effects:
    case, context, data = told.case, told.context, happened.payload.by_name()
    match happened.payload.type:
        case "ticket.merged.v1" | "ticket.rejected.v1" | "ticket.cancelled.v1":
            return ticket_reactions.withdrawn(case, happened.payload.type.split(".")[1], data.get("generation"))
        case "ticket.unmerged.v1":
            return ticket_reactions.unmerged(case, data["generation"], context)
        case "ticket.category_changed.v2":
            book = choose_playbook(BOOKS, data["category"])
            change = rerouting.Change(data["category"], data["dispute"], data["generation"], book)
            return rerouting.category_changed(case, change, context)
        case "ticket.urgency_raised.v1":
            return ticket_reactions.urgency_raised(case, data["urgency"], context)
        case "ticket.handled.v1":
            return ticket_reactions.handled(case, data["generation"], data["handled_by"], context)
        case "ticket.parked.v1":
            return pauses.parked(case, data["review_at"], context)
        case "ticket.resumed.v1":
            return pauses.resume(case, context)
        case "ticket.rework_ordered.v1" | "ticket.reopened.v1":
            return ticket_reactions.again(case, data["generation"], context)
    return Effects()
