"""A notice: who is told what about which ticket, and how far that is.

A notice ends sent, or exhausted with an alert, never both. The text and the address are private: they stay in notify's own
store. All instants here are machine time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.outcome import NOTHING, Happened, Outcome
from contracts.events import notify as say

UNKNOWN = "unknown"
"""The reason of an attempt that nobody recorded: it may have arrived, and is made again with the same idempotency key."""


class NoticeState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True)
class Retries:
    """How often a delivery is tried, and how long is waited after the first failure; each further pause is twice as long."""

    attempts: int = 6
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)

    def after(self, attempts: int) -> timedelta:
        """The pause after so many failed attempts."""
        # doubled step by step: a large power of two would leave the range of a timedelta
        pause = self.first
        for _ in range(attempts - 1):
            if pause >= self.longest:
                break
            pause *= 2
        return min(pause, self.longest)


@dataclass
class Notice:
    """One notice to one recipient. ``audience`` is ``resident``, ``duty`` or a responder's id.

    ``asked`` is the language that the recipient wants, ``locale`` the one it is told in. ``next_at`` is when it may be claimed:
    its due time, or the end of the lease of whoever is sending it; None once it has ended.
    """

    id: str
    ticket: str
    audience: str
    template: str
    locale: str
    text: str
    state: NoticeState = NoticeState.DUE
    attempts: int = 0
    asked: str | None = None
    channel: str = "log"
    address: str | None = None
    next_at: datetime | None = None
    reason: str | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will be done."""
        return self.state in {NoticeState.SENT, NoticeState.EXHAUSTED}

    def claim(self, retries: Retries, lease: timedelta, at: datetime) -> Outcome:
        """Begin an attempt. A claim whose lease ran out was of an unknown end: it counts as an attempt that failed."""
        if self.ended or (self.next_at is not None and self.next_at > at):
            return NOTHING
        said = NOTHING
        if self.state is NoticeState.SENDING:
            last = self.attempts >= retries.attempts
            said = self._failed(UNKNOWN, last)
            if last:
                return said
        self.state, self.next_at = NoticeState.SENDING, at + lease
        self.attempts += 1
        return said

    def sent(self, attempt: int) -> Outcome:
        """The channel took it. True of any attempt: what an earlier one says late is as good."""
        if self.ended or not self.attempts:
            return NOTHING
        self.state, self.next_at, self.reason = NoticeState.SENT, None, None
        said = {**self._names(), "channel": self.channel, "attempt": attempt}
        return Outcome(Happened(say.NotificationSent, self.ticket, said))

    def failed(self, attempt: int, reason: str, permanent: bool, retries: Retries, at: datetime) -> Outcome:
        """The channel did not take it: again later, or exhausted. What an earlier attempt says late is ignored."""
        if self.state is not NoticeState.SENDING or attempt != self.attempts:
            return NOTHING
        said = self._failed(reason, permanent or attempt >= retries.attempts)
        if not self.ended:
            self.state, self.next_at = NoticeState.DUE, at + retries.after(attempt)
        return said

    def _failed(self, reason: str, last: bool) -> Outcome:
        self.reason = reason
        if last:
            self.state, self.next_at = NoticeState.EXHAUSTED, None
            said = {**self._names(), "attempts": self.attempts, "reason": reason}
            return Outcome(Happened(say.NotificationExhausted, self.ticket, said))
        failed = {**self._names(), "channel": self.channel, "attempt": self.attempts, "reason": reason}
        return Outcome(Happened(say.NotificationFailed, self.ticket, failed))

    def _names(self) -> dict[str, str]:
        return {"notice": self.id, "audience": self.audience, "template": self.template, "locale": self.locale}
