"""The ticket: from whistle to closure, its identity never changes.

    open → handling → handled → verifying → revisiting → closed;  verifying, revisiting → handling (rework)

This module has the fields of a ticket, and its reactions to dispatch and to timers. The commands of people are in
`operator_commands` and `resident_commands`, duplicates and doubted closures in `duplicates`; `state` has the table of the
commands that each state allows. Every rule takes a fact and returns an outcome. A fact that comes late, or belongs to an older
generation of work, is an explicit no-op.

``generation`` counts how often the ticket has been worked on: 1, and one more per rework or reopening.
"""

from dataclasses import dataclass, field
from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import Channel, Closure, Likeness, RejectReason, ReworkCause, Urgency
from contracts.events import tickets as events
from services.tickets.domain.allowed_commands import BEFORE_HANDLED, State
from services.tickets.domain.coordinates import Point
from services.tickets.domain.rules import Rules

WATCHDOG, REVISIT, REVIEW, COMPARE = "watchdog", "revisit", "review", "compare"
"""The timers: no case was started · the resident did not answer · a parked ticket is due for review · compare with other
tickets.
"""


class SelfVerification(Refused):
    """Raised where a unit that handled the ticket verifies it."""


@dataclass
class Ticket:
    """A ticket is one matter. Instants are business time."""

    id: str
    category: str
    area: str
    estate: str | None
    urgency: Urgency
    dispute: bool
    channel: Channel
    opened_at: datetime
    has_contact: bool
    private_digest: str
    unusable_contacts: list[str] = field(default_factory=list)
    """The fields of the whistle, such as ``reporter.phone``, whose contact point cannot be used."""
    place: Point | None = None
    """Private: never in an answer, an event or a log."""
    address_key: str | None = None
    """See `match_keys`. Private, as the place is; None where nothing can be compared, as in tickets before 0.2.0."""
    reporter_key: str | None = None
    """See `match_keys`. Private, as the place is; None where nothing can be compared, as in tickets before 0.2.0."""
    occurred_at: datetime | None = None
    """When the matter occurred, if the whistle says so. No deadline runs from it: all run from ``opened_at``."""
    state: State = State.OPEN
    generation: int = 1
    waiting_since: datetime | None = None
    """The instant since which this generation waits for dispatch; None once dispatch took it up."""
    level: str | None = None
    """The level of the playbook that worked on the ticket last, as far as dispatch announced it."""
    handled_by: list[str] = field(default_factory=list)
    closure: Closure | None = None
    closed_at: datetime | None = None
    parked_for: str | None = None
    parked_from: State | None = None
    """The state in which the ticket was parked."""
    review_at: datetime | None = None
    rejected_for: RejectReason | None = None
    merged_into: str | None = None
    followers: list[str] = field(default_factory=list)
    """The tickets that were merged into this one, directly or by another: their reporters follow it."""
    looks_like: str | None = None
    """The ticket of which this one was proposed to be a duplicate."""
    looks_like_by: list[Likeness] = field(default_factory=list)
    """The evidence for that, the strongest first."""
    split_from: str | None = None
    """The ticket of which this one is a part."""
    doubted_by: list[str] = field(default_factory=list)
    """The later tickets that make the closure ineffective."""

    def __post_init__(self) -> None:
        if self.looks_like is not None and not self.looks_like_by:
            self.looks_like_by = [Likeness.PLACE]  # a document from before 0.2.0, when places alone were compared

    @property
    def matter_time(self) -> datetime:
        """Return when the matter occurred; if the whistle does not say so, when it was received."""
        return self.occurred_at or self.opened_at

    @property
    def is_comparable(self) -> bool:
        """Return whether the ticket has anything by which another can be like it: a place, an address or a reporter."""
        return self.place is not None or self.address_key is not None or self.reporter_key is not None

    def open(self, rules: Rules) -> Effects:
        """Open the ticket, start the watchdog, and schedule the comparison with other tickets."""
        opened = DomainEvent(
            events.TicketOpened(
                category=self.category,
                area=self.area,
                estate=self.estate,
                urgency=self.urgency,
                dispute=self.dispute,
                channel=self.channel,
                opened_at=self.opened_at,
                occurred_at=self.occurred_at,
                private_digest=self.private_digest,
            ),
            self.id,
        )
        # a timer rings after the commit, and so sees what was committed beside it
        compare = (ArmTimer(self.id, COMPARE, self.opened_at, self.generation),) if self.is_comparable else ()
        return Effects(opened) + self.watch(rules, self.opened_at) + compare

    # --- what dispatch says

    def case_started(self, level: str | None = None) -> Effects:
        """Record that dispatch took the ticket up, for the first time."""
        if self.generation > 1:
            return NO_EFFECTS
        self.level = level or self.level
        if self.state is State.OPEN:
            self.state = State.HANDLING
        return self._taken_up()

    def work_assigned(self, generation: int, level: str) -> Effects:
        """Record that dispatch named a unit to handle it, and so has taken it up: a reopened ticket comes to be handled in this
        way.
        """
        if generation != self.generation or self.state not in BEFORE_HANDLED | {State.PARKED}:
            return NO_EFFECTS
        self.level = level
        if self.state in {State.OPEN, State.REOPENED}:
            self.state = State.HANDLING
        return self._taken_up()

    def case_completed(self, generation: int, handled_by: list[str], level: str | None = None) -> Effects:
        """Record that the responders report done. A parked ticket is thereby resumed."""
        if generation != self.generation or self.state not in BEFORE_HANDLED | {State.PARKED}:
            return NO_EFFECTS
        resumed = self.unparked() if self.state is State.PARKED else NO_EFFECTS
        self.state = State.HANDLED
        self.handled_by, self.level = list(handled_by), level or self.level
        handled = DomainEvent(events.TicketHandled(generation=generation, handled_by=self.handled_by), self.id)
        return resumed + Effects(handled) + self._taken_up()

    def verification_assigned(self, generation: int) -> Effects:
        """Record that a verifier was asked to check."""
        if generation == self.generation and self.state is State.HANDLED:
            self.state = State.VERIFYING
        return NO_EFFECTS

    def verification_done(self, generation: int, by: str, passed: bool, rules: Rules, at: datetime) -> Effects:
        """Record the result of a verification. Raises SelfVerification for a unit that handled the ticket."""
        if generation != self.generation or self.state not in {State.HANDLED, State.VERIFYING}:
            return NO_EFFECTS
        if by in self.handled_by:
            raise SelfVerification(f"unit: {by!r} handled generation {generation} and may not verify it")
        if not passed:
            return self.rework(ReworkCause.VERIFICATION)
        verified = DomainEvent(events.TicketVerified(generation=generation, verified_by=by), self.id)
        if not self.has_contact:
            return Effects(verified) + self.close(Closure.NO_CONTACT, at)
        self.state = State.REVISITING
        return Effects(verified, ArmTimer(self.id, REVISIT, at + rules.revisit, generation))

    # --- what the clocks say

    def unattended(self, generation: int, rules: Rules, at: datetime) -> Effects:
        """Publish that no case was started in time. The watchdog then fires ten times more slowly, until a case is started."""
        if generation != self.generation or self.waiting_since is None or self.state not in BEFORE_HANDLED:
            return NO_EFFECTS
        waited = int((at - self.waiting_since).total_seconds())
        return Effects(
            DomainEvent(events.TicketUnattended(waited_seconds=waited), self.id),
            ArmTimer(self.id, WATCHDOG, at + rules.watchdog * 10, self.generation),
        )

    def revisit_lapsed(self, generation: int, at: datetime) -> Effects:
        """Close a ticket whose resident did not answer in time."""
        if generation != self.generation or self.state is not State.REVISITING:
            return NO_EFFECTS
        return self.close(Closure.NO_ANSWER, at)

    # --- what several rules share

    def watch(self, rules: Rules, since: datetime) -> Effects:
        """Wait for dispatch to take this generation up; start the watchdog."""
        self.waiting_since = since
        return Effects(ArmTimer(self.id, WATCHDOG, since + rules.watchdog, self.generation))

    def rework(self, cause: ReworkCause) -> Effects:
        """Order rework, in a new generation."""
        self.generation += 1
        self.state, self.handled_by = State.HANDLING, []
        return Effects(DomainEvent(events.TicketReworkOrdered(generation=self.generation, cause=cause), self.id))

    def close(self, closure: Closure, at: datetime) -> Effects:
        """Close this generation for a reason."""
        self.state, self.closure, self.closed_at = State.CLOSED, closure, at
        closed = DomainEvent(events.TicketClosed(closure=closure, generation=self.generation), self.id)
        return Effects(closed, CancelTimer(self.id, REVISIT))

    def unparked(self) -> Effects:
        """Return a parked ticket to work."""
        self.state, self.parked_for, self.parked_from, self.review_at = State.HANDLING, None, None, None
        return Effects(DomainEvent(events.TicketResumed(), self.id), CancelTimer(self.id, REVIEW))

    def end(self, state: State, happened: DomainEvent) -> Effects:
        """End the ticket in a final state, and cancel its timers."""
        self.state, self.waiting_since = state, None
        self.parked_for, self.parked_from, self.review_at = None, None, None
        return Effects(happened, *(CancelTimer(self.id, name) for name in (WATCHDOG, REVISIT, REVIEW)))

    def _taken_up(self) -> Effects:
        if self.waiting_since is None:
            return NO_EFFECTS
        self.waiting_since = None
        return Effects(CancelTimer(self.id, WATCHDOG))
