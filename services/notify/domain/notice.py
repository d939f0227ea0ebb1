"""A notice: who is told what, and how far that is.

    held → due → sending → sent → delivered         sending → due (again later) | due (the next way) | exhausted
    held, due → cancelled                           sent → due | exhausted, where the receipt is bad or does not come

A notice ends once: delivered; or sent, where its channel gives no receipts and nobody will ever know more; or exhausted, with
an alert; or cancelled, where a later event made it pointless.

Text and address are private: they stay in notify's own store. All instants here are machine time, but for the one that a held
notice waits for, and ``happened_at``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, DomainEvent, Effects
from contracts.codes import CancelReason, FallbackReason
from contracts.codes import NoticeState as NoticeState
from contracts.events import notify as say
from services.notify.domain.attempts import NO_CHANNEL, NO_RECEIPT, UNKNOWN, Failure, Retries
from services.notify.domain.message import Part, Span, link_spans, parts_of
from services.notify.domain.ways import Sending, Way

QUIET = "quiet"
"""The timer of a held notice."""


OPEN = frozenset({NoticeState.HELD, NoticeState.DUE, NoticeState.SENDING})
"""Not handed over yet: later notices to the same recipient about the same ticket wait for it."""


class _Names(TypedDict):
    """What every event about a notice says."""

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
    """The subject line, for channels that have one. Empty in notices that were written before version 0.2.0."""
    spans: list[Span] | None = None
    """Where the matter, the address, our link and the like stand in the text. None in notices of before version 0.2.0."""
    state: NoticeState = NoticeState.DUE
    attempts: int = 0
    """On every channel together."""
    asked: str | None = None
    fell_back: bool = False
    """It is not in the language, or not in the script, that was asked for."""
    fallback_reason: FallbackReason | None = None
    """Why; None in notices of an older version, too."""
    urgent: bool = False
    """It ignores quiet hours."""
    channel: str = "log"
    address: str | None = None
    ways: list[Way] = field(default_factory=list)
    """What is left to try where this channel fails, in order."""
    first: int = 1
    """The first attempt of the present sending."""
    before: int = 0
    """The attempts on channels that were given up."""
    failed_ways: list[Way] = field(default_factory=list)
    """The ways that were given up."""
    delegate: str | None = None
    """Whose route it takes where its own recipient has retired."""
    origin: str | None = None
    """The subject of the event that it tells of: of whoever follows another ticket, that ticket."""
    happened_at: datetime | None = None
    """Business time of that event; None in notices of an older version."""
    sequence: int = 0
    """That event's number among those of its producer about ``origin``; 0 in notices of an older version."""
    values: dict[str, str | None] = field(default_factory=dict)
    """That event's fields that later events are compared with."""
    superseded_by: str | None = None
    """The event that made it pointless."""
    earlier: list[Sending] = field(default_factory=list)
    """The sendings that came to nothing, each with a key of its own."""
    next_at: datetime | None = None
    reason: str | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will be done."""
        done = self.state in {NoticeState.DELIVERED, NoticeState.EXHAUSTED, NoticeState.CANCELLED}
        return done or (self.state is NoticeState.SENT and self.next_at is None)

    @property
    def key(self) -> str:
        """The idempotency key. After a bad receipt it is another: the gateway would drop what it had before."""
        return self.id if self.first == 1 else f"{self.id}~{self.first}"

    @property
    def parts(self) -> list[Part]:
        """The text, part by part."""
        return list(parts_of(self.text, link_spans(self.text) if self.spans is None else self.spans))

    # --- waiting

    def hold(self, until: datetime) -> Effects:
        """Wait for the end of the quiet hours (business time)."""
        self.state, self.next_at = NoticeState.HELD, None
        return Effects(ArmTimer(self.id, QUIET, until, self.attempts))

    def release(self, at: datetime) -> None:
        """The quiet hours are over."""
        if self.state is NoticeState.HELD:
            self.state, self.next_at = NoticeState.DUE, at

    def hasten(self, at: datetime) -> None:
        """The matter has become urgent."""
        self.urgent = True
        self.release(at)

    def cancel(self, event: str, reason: CancelReason, at: datetime) -> Effects:
        """A later event made it pointless. What was handed over, or is being sent just now, goes on."""
        lapsed = self.state is NoticeState.SENDING and self.next_at is not None and self.next_at <= at
        if self.state not in {NoticeState.HELD, NoticeState.DUE} and not lapsed:
            return NO_EFFECTS
        held = self.state is NoticeState.HELD
        self.state, self.next_at, self.reason, self.superseded_by = NoticeState.CANCELLED, None, reason.value, event
        said = self._say(say.NotificationCancelled(**self._names(), reason=reason, superseded_by=event, attempts=self.attempts))
        return said + (CancelTimer(self.id, QUIET),) if held else said

    # --- sending

    def reroute(self, ways: Sequence[Way]) -> bool:
        """Take the recipient's present ways, except those that were given up. Answers False where none is left.

        A waiting notice moves to the first of them; what is being sent, or waits for a receipt, keeps its own until that ends.
        """
        left = [way for way in ways if way not in self.failed_ways]
        own = Way(self.channel, self.address)
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
        ways: Sequence[Way] | None = None,
    ) -> Effects:
        """Somebody looks at it: begin an attempt, unless the notice has ended, is not due or falls into quiet hours.

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
        """The channel took it. True of any attempt of this sending: what an earlier one says late is as good."""
        if self.ended or self.state is NoticeState.SENT or not self.first <= attempt <= self.attempts:
            return NO_EFFECTS
        self.state, self.reason = NoticeState.SENT, None
        self.next_at = at + receipt_within if receipt_within is not None else None
        return self._say(say.NotificationSent(**self._names(), channel=self.channel, attempt=attempt, final=self.ended))

    def failed(self, attempt: int, failure: Failure, retries: Retries, at: datetime) -> Effects:
        """The channel did not take it: again later, another way, or exhausted. What an earlier attempt says late is ignored."""
        if self.state is not NoticeState.SENDING or attempt != self.attempts:
            return NO_EFFECTS
        return self._failed(failure, retries, at)

    # --- receipts

    def delivered(self, first: int) -> Effects:
        """A receipt says that it arrived. True of any sending, also of one that was given up."""
        channel = self.channel_of(first)
        if self.ended or channel is None:
            return NO_EFFECTS
        self.state, self.next_at, self.reason = NoticeState.DELIVERED, None, None
        return self._say(say.NotificationDelivered(**self._names(), channel=channel, attempts=self.attempts))

    def undelivered(
        self, first: int, failure: Failure, retries: Retries, at: datetime, ways: Sequence[Way] | None = None
    ) -> Effects:
        """A receipt says that it did not arrive. The next attempt wants a key that the gateway does not know."""
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
        """The channel of the sending that begins with this attempt; None where there is none."""
        if first == self.first and self.attempts >= first:
            return self.channel
        return next((sending.channel for sending in self.earlier if sending.first == first), None)

    # --- within

    def _failed(self, failure: Failure, retries: Retries, at: datetime) -> Effects:
        tries = self.attempts - self.before
        if failure.final or tries >= retries.attempts:
            return self._give_up(failure.reason, at)
        self.reason = failure.reason
        self.state, self.next_at = NoticeState.DUE, at + retries.pause(tries, failure.wait)
        return self._say(
            say.NotificationFailed(**self._names(), channel=self.channel, attempt=self.attempts, reason=failure.reason)
        )

    def _give_up(self, reason: str, at: datetime) -> Effects:
        """This channel can do no more: the next way is tried at once, and where there is none somebody is alerted."""
        self.reason = reason
        if not self.ways:
            self.state, self.next_at = NoticeState.EXHAUSTED, None
            return self._say(say.NotificationExhausted(**self._names(), attempts=self.attempts, reason=reason))
        failed, way = self.channel, self.ways.pop(0)
        self.failed_ways.append(Way(failed, self.address))
        self._begin_sending(way.channel)
        self.address, self.before = way.address, self.attempts
        self.state, self.next_at = NoticeState.DUE, at
        said = say.NotificationFailed(
            **self._names(), channel=failed, attempt=self.attempts, reason=reason, next_channel=way.channel
        )
        return self._say(said)

    def _is_tried_again(self) -> bool:
        """After a failure: on the same channel. Otherwise it is exhausted, or its next way is another channel's business."""
        return not self.ended and self.before < self.attempts

    def _move_to(self, way: Way) -> None:
        """Take another way, which nothing was sent by yet."""
        if self.attempts >= self.first:
            self._begin_sending(way.channel)
        self.channel, self.address, self.before = way.channel, way.address, self.attempts

    def _begin_sending(self, channel: str) -> None:
        self.earlier.append(Sending(self.channel, self.first))
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

    def _say(self, payload: say.AboutNotice) -> Effects:
        return Effects(DomainEvent(payload, self.ticket))


def named_by(key: str) -> tuple[str, int]:
    """The notice's id, and the first attempt of the sending, that an idempotency key stands for."""
    id_, mark, first = key.rpartition("~")
    return (id_, int(first)) if mark and first.isdecimal() and len(first) < 10 else (key, 1)
