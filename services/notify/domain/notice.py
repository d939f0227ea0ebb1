"""A notice: who is told what about which ticket, and how far that is.

A notice ends sent, or exhausted with an alert. The text may hold private data, so it stays in notify's own store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from string import Template

from chassis.outcome import NOTHING, Arm, Happened, Outcome
from contracts.events import notify as say

RESIDENT = "resident"
DELIVER = "deliver"


class NoticeState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    SENT = "sent"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True)
class Rules:
    """How often a delivery is tried and how long is waited between two tries (business time)."""

    attempts: int = 5
    pause: timedelta = timedelta(minutes=1)


@dataclass
class Notice:
    """One notice to one recipient. ``audience`` is ``resident`` or a responder's id; ``ticket`` is what it is about."""

    id: str
    ticket: str
    audience: str
    template: str
    locale: str
    text: str
    state: NoticeState = NoticeState.DUE
    attempts: int = 0

    def due(self, at: datetime) -> Outcome:
        """To be delivered at once."""
        return Outcome(Arm(self.id, DELIVER, at, self.attempts))

    def delivered(self, channel: str) -> Outcome:
        """The channel took it."""
        if self.state is not NoticeState.DUE:
            return NOTHING
        self.attempts += 1
        self.state = NoticeState.SENT
        sent = {**self._names(), "channel": channel, "attempt": self.attempts}
        return Outcome(Happened(say.NotificationSent, self.ticket, sent))

    def failed(self, reason: str, rules: Rules, at: datetime) -> Outcome:
        """The channel did not take it: again later, or exhausted."""
        if self.state is not NoticeState.DUE:
            return NOTHING
        self.attempts += 1
        if self.attempts < rules.attempts:
            return Outcome(Arm(self.id, DELIVER, at + rules.pause * self.attempts, self.attempts))
        self.state = NoticeState.EXHAUSTED
        exhausted = {**self._names(), "attempts": self.attempts, "reason": reason}
        return Outcome(Happened(say.NotificationExhausted, self.ticket, exhausted))

    def _names(self) -> dict[str, str]:
        return {"notice": self.id, "audience": self.audience, "template": self.template, "locale": self.locale}


@dataclass(frozen=True)
class Templates:
    """Texts by template and locale. ``fallback`` is the locale that every template has."""

    texts: Mapping[str, Mapping[str, str]]
    fallback: str

    def render(self, template: str, locale: str | None, values: Mapping[str, str]) -> tuple[str, str]:
        """The text and the locale it is in: the one that was asked for, or the fallback."""
        texts = self.texts[template]
        used = locale if locale is not None and locale in texts else self.fallback
        return Template(texts[used]).safe_substitute(values), used
