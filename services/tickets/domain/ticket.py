"""The ticket: from whistle to closure, its identity never changes.

    open → handling → handled → verifying → revisiting → closed;  verifying, revisiting → handling (rework)

This module holds what a ticket knows, and what dispatch and the clocks tell it; what people want of it stands beside: `desk`
(operators), `resident`, `likeness` (duplicates, doubted closures); `state` has the table of what is allowed where. Every rule
takes a fact and answers what happened. A fact that comes late, or belongs to an older generation of work, is an explicit no-op.
``generation`` counts how often the ticket has been worked on: 1, and one more per rework or reopening.
"""

from dataclasses import dataclass, field
from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects, Refused
from contracts.codes import Channel, Closure, Likeness, RejectReason, ReworkCause, Urgency
from contracts.events import tickets as say
from services.tickets.domain.coordinates import Point
from services.tickets.domain.rules import Rules
from services.tickets.domain.state import BEFORE_HANDLED, State

WATCHDOG, REVISIT, REVIEW, COMPARE = "watchdog", "revisit", "review", "compare"
"""The timers: nobody took it up · the resident did not answer · a parked ticket is looked at again · is it like another?"""


class SelfVerification(Refused):
    """Who handled it may not verify it."""


@dataclass
class Ticket:
    """One matter. Instants are business time."""

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
    """The fields of the whistle, such as ``reporter.phone``, that hold no contact point that anybody can be reached by."""
    place: Point | None = None
    """Private: never in an answer, an event or a log."""
    address_key: str | None = None
    """See `match_keys`. Private, as the place is; None where nothing can be compared, as in tickets before 0.2.0."""
    reporter_key: str | None = None
    """See `match_keys`. Private, as the place is; None where nothing can be compared, as in tickets before 0.2.0."""
    occurred_at: datetime | None = None
    """When the matter occurred, where the whistle says so. No clock runs from it: they all run from ``opened_at``."""
    state: State = State.OPEN
    generation: int = 1
    waiting_since: datetime | None = None
    """Since when dispatch has been waited for to take this generation up; None once it did."""
    level: str | None = None
    """The level of the playbook that was last heard to work on it."""
    handled_by: list[str] = field(default_factory=list)
    closure: Closure | None = None
    closed_at: datetime | None = None
    parked_for: str | None = None
    parked_from: State | None = None
    """Where it stood when it was parked."""
    review_at: datetime | None = None
    rejected_for: RejectReason | None = None
    merged_into: str | None = None
    followers: list[str] = field(default_factory=list)
    """The tickets that were merged into this one, and into those: their reporters follow it."""
    looks_like: str | None = None
    """The ticket it was proposed to be a duplicate of."""
    looks_like_by: list[Likeness] = field(default_factory=list)
    """By what, the strongest first."""
    doubted_by: list[str] = field(default_factory=list)
    """The later tickets that make its closure ineffective."""

    def __post_init__(self) -> None:
        if self.looks_like is not None and not self.looks_like_by:
            self.looks_like_by = [Likeness.PLACE]  # a document from before 0.2.0, when places alone were compared

    @property
    def matter_time(self) -> datetime:
        """When the matter occurred; where the whistle does not say so, when it was taken. Likeness in time compares this."""
        return self.occurred_at or self.opened_at

    @property
    def is_comparable(self) -> bool:
        """Whether anything is known by which another ticket can be like this one."""
        return self.place is not None or self.address_key is not None or self.reporter_key is not None

    def open(self, rules: Rules) -> Effects:
        """The whistle became a ticket; the watchdog waits for dispatch, and what can be compared with others is."""
        opened = DomainEvent(
            say.TicketOpened(
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
        """Dispatch took it up, for the first time."""
        if self.generation > 1:
            return NO_EFFECTS
        self.level = level or self.level
        if self.state is State.OPEN:
            self.state = State.HANDLING
        return self._taken_up()

    def work_assigned(self, generation: int, level: str) -> Effects:
        """Dispatch named somebody to handle it, and so has taken it up: this is how a reopened ticket comes to be handled."""
        if generation != self.generation or self.state not in BEFORE_HANDLED | {State.PARKED}:
            return NO_EFFECTS
        self.level = level
        if self.state in {State.OPEN, State.REOPENED}:
            self.state = State.HANDLING
        return self._taken_up()

    def case_completed(self, generation: int, handled_by: list[str], level: str | None = None) -> Effects:
        """The responders say done. A parked ticket is thereby resumed: what could not be solved is."""
        if generation != self.generation or self.state not in BEFORE_HANDLED | {State.PARKED}:
            return NO_EFFECTS
        resumed = self.unparked() if self.state is State.PARKED else NO_EFFECTS
        self.state = State.HANDLED
        self.handled_by, self.level = list(handled_by), level or self.level
        handled = DomainEvent(say.TicketHandled(generation=generation, handled_by=self.handled_by), self.id)
        return resumed + Effects(handled) + self._taken_up()

    def verification_assigned(self, generation: int) -> Effects:
        """Somebody was asked to check."""
        if generation == self.generation and self.state is State.HANDLED:
            self.state = State.VERIFYING
        return NO_EFFECTS

    def verification_done(self, generation: int, by: str, passed: bool, rules: Rules, at: datetime) -> Effects:
        """Somebody checked. Raises SelfVerification where it is a unit that handled it."""
        if generation != self.generation or self.state not in {State.HANDLED, State.VERIFYING}:
            return NO_EFFECTS
        if by in self.handled_by:
            raise SelfVerification(f"unit: {by!r} handled generation {generation} and may not verify it")
        if not passed:
            return self.rework(ReworkCause.VERIFICATION)
        verified = DomainEvent(say.TicketVerified(generation=generation, verified_by=by), self.id)
        if not self.has_contact:
            return Effects(verified) + self.close(Closure.NO_CONTACT, at)
        self.state = State.REVISITING
        return Effects(verified, ArmTimer(self.id, REVISIT, at + rules.revisit, generation))

    # --- what the clocks say

    def unattended(self, generation: int, rules: Rules, at: datetime) -> Effects:
        """The watchdog rang: nobody took the ticket up. It goes on ringing, ten times more slowly, until somebody does."""
        if generation != self.generation or self.waiting_since is None or self.state not in BEFORE_HANDLED:
            return NO_EFFECTS
        waited = int((at - self.waiting_since).total_seconds())
        return Effects(
            DomainEvent(say.TicketUnattended(waited_seconds=waited), self.id),
            ArmTimer(self.id, WATCHDOG, at + rules.watchdog * 10, self.generation),
        )

    def revisit_lapsed(self, generation: int, at: datetime) -> Effects:
        """No answer in time."""
        if generation != self.generation or self.state is not State.REVISITING:
            return NO_EFFECTS
        return self.close(Closure.NO_ANSWER, at)

    # --- what several rules share

    def watch(self, rules: Rules, since: datetime) -> Effects:
        """Wait for dispatch to take this generation up; the watchdog alerts where it does not."""
        self.waiting_since = since
        return Effects(ArmTimer(self.id, WATCHDOG, since + rules.watchdog, self.generation))

    def rework(self, cause: ReworkCause) -> Effects:
        """Back to work, in a new generation."""
        self.generation += 1
        self.state, self.handled_by = State.HANDLING, []
        return Effects(DomainEvent(say.TicketReworkOrdered(generation=self.generation, cause=cause), self.id))

    def close(self, closure: Closure, at: datetime) -> Effects:
        """The end of this generation, and why."""
        self.state, self.closure, self.closed_at = State.CLOSED, closure, at
        closed = DomainEvent(say.TicketClosed(closure=closure, generation=self.generation), self.id)
        return Effects(closed, CancelTimer(self.id, REVISIT))

    def unparked(self) -> Effects:
        """A parked ticket is worked on again."""
        self.state, self.parked_for, self.parked_from, self.review_at = State.HANDLING, None, None, None
        return Effects(DomainEvent(say.TicketResumed(), self.id), CancelTimer(self.id, REVIEW))

    def end(self, state: State, happened: DomainEvent) -> Effects:
        """The matter is settled otherwise than by work, for ever; nothing rings for it any more."""
        self.state, self.waiting_since = state, None
        self.parked_for, self.parked_from, self.review_at = None, None, None
        return Effects(happened, *(CancelTimer(self.id, name) for name in (WATCHDOG, REVISIT, REVIEW)))

    def _taken_up(self) -> Effects:
        if self.waiting_since is None:
            return NO_EFFECTS
        self.waiting_since = None
        return Effects(CancelTimer(self.id, WATCHDOG))
