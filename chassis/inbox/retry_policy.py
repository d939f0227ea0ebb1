"""The retry policy: the number of attempts of a failed event and the pauses between them."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.backoff import Backoff
from chassis.effects import Refused
from chassis.messaging.cloudevents_codec import Undecodable
from chassis.persistence.tables import DEAD, WAITING
from contracts.payload import InvalidEvent, UnknownEvent


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The attempts that an event has before it is dead, and the pauses between them (seconds of machine time).

    The attempts and the first pause are the settings ``WHISTLE_RETRY_ATTEMPTS`` and ``WHISTLE_RETRY_FIRST``.
    """

    attempts: int
    first: float
    longest: float = 60.0

    def after(self, attempts: int) -> timedelta:
        """Return the pause after so many failed attempts."""
        return Backoff(self.first, self.longest).pause(attempts)

    def state_after(self, wrong: Exception, attempts: int) -> str:
        """Return DEAD where another attempt cannot help or all attempts are used, otherwise WAITING."""
        hopeless = isinstance(wrong, Refused | InvalidEvent | UnknownEvent | Undecodable)
        return DEAD if hopeless or attempts >= self.attempts else WAITING
