"""A notice: one message to one recipient, and its delivery state.

    held → due → sending → sent → delivered         sending → due (again later) | due (the next channel) | exhausted
    held, due → cancelled                           sent → due | exhausted, after a bad or missing receipt

A notice ends once: delivered; or sent, by a channel without receipts; or exhausted, with an alert; or cancelled, because a
later event made it obsolete.

Text and address are private: they stay in notify's own store. All instants here are machine time, except the one that a held
notice waits for, and ``happened_at``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects
from contracts.codes import CancelReason, FallbackReason
from contracts.codes import NoticeState as NoticeState
from contracts.events import notify as events
from services.notify.domain.attempts import NO_CHANNEL, NO_RECEIPT, UNKNOWN, Failure, Retries
from services.notify.domain.channel_addresses import AttemptSeries, ChannelAddress
from services.notify.domain.idempotency_keys import idempotency_key
from services.notify.domain.message import Part, Span, link_spans, parts_of

QUIET = "quiet"
"""The timer of a held notice."""


OPEN = frozenset({NoticeState.HELD, NoticeState.DUE, NoticeState.SENDING})
"""The states before a channel took the notice: later notices to the same recipient about the same ticket wait for it."""


class _Names(TypedDict):
    """The fields of every event about a notice."""

    notice: str
    audience: str
    template: str
    locale: str
    asked: str | None
    fell_back: bool
    fallback_reason: FallbackReason | None


@dataclass
class Notice:
    """One notice to one recipient. ``audience`` is ``resident``, ``respondent``, ``duty`` or a responder's id.

    ``ticket`` is what it is about; of what the ledger found it is a subject, whatever that is the id of. ``asked`` is the
    language that the recipient wants, ``locale`` the one it is told in. ``next_at`` is when somebody must look: to send it, or
    because the lease of whoever is sending it, or the time for its receipt, is over; None once it ended and while it is held.
    """

    id: str
    ticket: str
    audience: str
    template: str
    locale: str
    text: str
    subject: str = ""
    """The subject line, for channels that have one. Empty in notices of before version 0.2.0."""
    spans: list[Span] | None = None
    """The spans of the matter, the address, our link and the like in the text. None in notices of before version 0.2.0."""
    state: NoticeState = NoticeState.DUE
    attempts: int = 0
    """The attempts on all channels together."""
    asked: str | None = None
    fell_back: bool = False
    """True if the notice is not in the requested language or script."""
    fallback_reason: FallbackReason | None = None
    """The reason of that; None also in notices of an older version."""
    urgent: bool = False
    """An urgent notice ignores quiet hours."""
    channel: str = "log"
    address: str | None = None
    ways: list[ChannelAddress] = field(default_factory=list)
    """The channels that are left to try, in order."""
    first: int = 1
    """The first attempt of the present series."""
    before: int = 0
    """The attempts on channels that were given up."""
    failed_ways: list[ChannelAddress] = field(default_factory=list)
    """The channels that were given up."""
    delegate: str | None = None
    """The audience whose route the notice takes, after its recipient has retired."""
    origin: str | None = None
    """The subject of the event it reports: for a follower of another ticket, that ticket."""
    happened_at: datetime | None = None
    """The business time of that event; None in notices of an older version."""
    sequence: int = 0
    """That event's number among those of its producer about ``origin``; 0 in notices of an older version."""
    values: dict[str, str | None] = field(default_factory=dict)
    """The fields of that event with which later events are compared."""
    superseded_by: str | None = None
    """The event that made it obsolete."""
    earlier: list[AttemptSeries] = field(default_factory=list)
    """The earlier series of attempts, each with a key of its own."""
    next_at: datetime | None = None
    reason: str | None = None

    @property
    def ended(self) -> bool:
        """Return whether nothing more will be done."""
        done = self.state in {NoticeState.DELIVERED, NoticeState.EXHAUSTED, NoticeState.CANCELLED}
        return done or (self.state is NoticeState.SENT and self.next_at is None)

    @property
    def key(self) -> str:
        """Return the idempotency key. A bad receipt begins a new series, since the gateway would drop a known key."""
        return idempotency_key(self.id, self.first)

    @property
    def parts(self) -> list[Part]:
        """Return the text part by part."""
        return list(parts_of(self.text, link_spans(self.text) if self.spans is None else self.spans))

    # --- waiting

    def hold(self, until: datetime) -> Effects:
        """Wait for the end of the quiet hours (business time)."""
        self.state, self.next_at = NoticeState.HELD, None
        return Effects(ArmTimer(self.id, QUIET, until, self.attempts))

    def release(self, at: datetime) -> None:
        """Make a held notice due: the quiet hours are over."""
        if self.state is NoticeState.HELD:
            self.state, self.next_at = NoticeState.DUE, at

    def make_urgent(self, at: datetime) -> None:
        """Make the notice urgent, and release it."""
        self.urgent = True
        self.release(at)

    def cancel(self, event: str, reason: CancelReason, at: datetime) -> Effects:
        """Cancel a notice that a later event made obsolete. A notice that was sent, or is being sent, goes on."""
        lapsed = self.state is NoticeState.SENDING and self.next_at is not None and self.next_at <= at
        if self.state not in {NoticeState.HELD, NoticeState.DUE} and not lapsed:
            return NO_EFFECTS
        held = self.state is NoticeState.HELD
        self.state, self.next_at, self.reason, self.superseded_by = NoticeState.CANCELLED, None, reason.value, event
        said = self._say(
            events.NotificationCancelled(**self._names(), reason=reason, superseded_by=event, attempts=self.attempts)
        )
        return said + (CancelTimer(self.id, QUIET),) if held else said

    # --- sending

    def reroute(self, ways: Sequence[ChannelAddress]) -> bool:
        """Take the recipient's present addresses, except those given up. Return False where none is left.

        A waiting notice moves to the first of them; what is being sent, or waits for a receipt, keeps its own until that ends.
        """
        left = [way for way in ways if way not in self.failed_ways]
        own = ChannelAddress(self.channel, self.address)
        if self.state in {NoticeState.SENDING, NoticeState.SENT}:
            self.ways = [way for way in left if way != own]
            return True
        self.ways = left[1:]
        if left and left[0] != own:
            self._move_to(left[0])
        return bool(left)

    def claim(
        self,
        retries: Retries,
        lease: timedelta,
        at: datetime,
        quiet_until: datetime | None = None,
        ways: Sequence[ChannelAddress] | None = None,
    ) -> Effects:
        """Begin an attempt, unless the notice has ended, is not due or falls into quiet hours.

        A claim whose lease ran out was of an unknown end: it counts as an attempt that failed. A receipt that did not come in
        time ends the sending. ``ways`` are the recipient's present ones, where they are known anew: a notice that takes another
        channel now is due there.
        """
        if self.ended or self.next_at is None or self.next_at > at:
            return NO_EFFECTS
        if ways is not None and self.state in {NoticeState.SENDING, NoticeState.SENT}:
            self.reroute(ways)
        if self.state is NoticeState.SENT:
            return self._give_up(NO_RECEIPT, at)
        said = NO_EFFECTS
        if self.state is NoticeState.SENDING:
            said = self._failed(Failure(UNKNOWN), retries, at)
            if not self._is_tried_again():
                return said
        channel = self.channel
        if ways is not None and not self.reroute(ways):
            return said + self._give_up(NO_CHANNEL, at)
        if self.channel != channel:
            self.state, self.next_at = NoticeState.DUE, at
            return said
        if quiet_until is not None:
            return said + self.hold(quiet_until)
        self.state, self.next_at = NoticeState.SENDING, at + lease
        self.attempts += 1
        return said

    def sent(self, attempt: int, receipt_within: timedelta | None, at: datetime) -> Effects:
        """Record that the channel took it: true of any attempt of this series, also of an earlier one."""
        if self.ended or self.state is NoticeState.SENT or not self.first <= attempt <= self.attempts:
            return NO_EFFECTS
        self.state, self.reason = NoticeState.SENT, None
        self.next_at = at + receipt_within if receipt_within is not None else None
        return self._say(events.NotificationSent(**self._names(), channel=self.channel, attempt=attempt, final=self.ended))

    def failed(self, attempt: int, failure: Failure, retries: Retries, at: datetime) -> Effects:
        """Record that the channel did not take it. The late result of an earlier attempt is ignored."""
        if self.state is not NoticeState.SENDING or attempt != self.attempts:
            return NO_EFFECTS
        return self._failed(failure, retries, at)

    def delivered(self, first: int) -> Effects:
        """Record a receipt that it arrived: true of any series, also of one that was given up."""
        channel = self.channel_of(first)
        if self.ended or channel is None:
            return NO_EFFECTS
        self.state, self.next_at, self.reason = NoticeState.DELIVERED, None, None
        return self._say(events.NotificationDelivered(**self._names(), channel=channel, attempts=self.attempts))

    def undelivered(
        self, first: int, failure: Failure, retries: Retries, at: datetime, ways: Sequence[ChannelAddress] | None = None
    ) -> Effects:
        """Record a receipt that it did not arrive. The next attempt needs a key that the gateway does not know."""
        if self.ended or first != self.first or self.attempts < first:
            return NO_EFFECTS
        if ways is not None and self.state in {NoticeState.SENDING, NoticeState.SENT}:
            self.reroute(ways)
        if self.state not in {NoticeState.SENDING, NoticeState.SENT}:  # that attempt is said to have failed already
            self._begin_sending(self.channel)
            return NO_EFFECTS
        said = self._failed(failure, retries, at)
        if self._is_tried_again():
            self._begin_sending(self.channel)
        return said

    def channel_of(self, first: int) -> str | None:
        """Return the channel of the series that begins with this attempt; None where there is none."""
        if first == self.first and self.attempts >= first:
            return self.channel
        return next((sending.channel for sending in self.earlier if sending.first == first), None)

    def _failed(self, failure: Failure, retries: Retries, at: datetime) -> Effects:
        tries = self.attempts - self.before
        if failure.final or tries >= retries.attempts:
            return self._give_up(failure.reason, at)
        self.reason = failure.reason
        self.state, self.next_at = NoticeState.DUE, at + retries.pause(tries, failure.wait)
        return self._say(
            events.NotificationFailed(**self._names(), channel=self.channel, attempt=self.attempts, reason=failure.reason)
        )

    def _give_up(self, reason: str, at: datetime) -> Effects:
        """Give this channel up: try the next one at once, or exhaust the notice with an alert."""
        self.reason = reason
        if not self.ways:
            self.state, self.next_at = NoticeState.EXHAUSTED, None
            return self._say(events.NotificationExhausted(**self._names(), attempts=self.attempts, reason=reason))
        failed, way = self.channel, self.ways.pop(0)
        self.failed_ways.append(ChannelAddress(failed, self.address))
        self._begin_sending(way.channel)
        self.address, self.before = way.address, self.attempts
        self.state, self.next_at = NoticeState.DUE, at
        said = events.NotificationFailed(
            **self._names(), channel=failed, attempt=self.attempts, reason=reason, next_channel=way.channel
        )
        return self._say(said)

    def _is_tried_again(self) -> bool:
        """Return whether the notice is tried again on the same channel after a failure."""
        return not self.ended and self.before < self.attempts

    def _move_to(self, way: ChannelAddress) -> None:
        """Move to another channel, which nothing was sent by yet."""
        if self.attempts >= self.first:
            self._begin_sending(way.channel)
        self.channel, self.address, self.before = way.channel, way.address, self.attempts

    def _begin_sending(self, channel: str) -> None:
        self.earlier.append(AttemptSeries(self.channel, self.first))
        self.channel, self.first = channel, self.attempts + 1

    def _names(self) -> _Names:
        return {
            "notice": self.id,
            "audience": self.audience,
            "template": self.template,
            "locale": self.locale,
            "asked": self.asked,
            "fell_back": self.fell_back,
            "fallback_reason": self.fallback_reason,
        }

    def _say(self, payload: events.AboutNotice) -> Effects:
        return Effects(DomainEvent(payload, self.ticket))
