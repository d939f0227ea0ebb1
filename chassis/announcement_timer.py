"""The timer that ends each announcement period. It is armed in the transaction that publishes a public event.

A service that publishes nothing arms no timer; docs/decisions/0014 gives the reason. `chassis.outbox.sequence_announcements`
publishes the announcement when the timer fires.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from chassis.persistence import ChassisTables
from chassis.persistence.statements import arming_once
from contracts.events.sequences import BY_SOURCE

KIND = "announce"
PERIOD = timedelta(minutes=10)
SETTLE = timedelta(minutes=1, microseconds=1)
"""The time between the end of a period and its announcement: every event published within the period is committed by then. The
extra microsecond keeps the timer from falling due at the same instant as a timer of the business, so that their order cannot
matter."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def due_after(said: datetime) -> datetime:
    """Return the instant at which the period that contains ``said`` is announced."""
    return _EPOCH + ((said - _EPOCH) // PERIOD + 1) * PERIOD + SETTLE


def arm(connection: Connection, tables: ChassisTables, source: str, said: datetime) -> None:
    """Arm the timer of the current period, within a transaction that publishes a public event.

    Two concurrent transactions may both arm one; the second timer to fire finds no number to announce. A source without a
    contract for its announcements announces nothing.
    """
    if source not in BY_SOURCE:
        return
    due = due_after(said)
    timer = {"subject": subject_of(source), "name": f"{KIND}:{due.isoformat()}", "due_at": due}
    connection.execute(arming_once(tables.timers), timer)


def subject_of(source: str) -> str:
    """Return the subject of a source's announcements."""
    return source.removeprefix("/")
