"""The keyset of a list in the order of due time: an opaque text that says after which row the next page begins."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.effects import Refused
from contracts.limits import ID

LONGEST_ID = 2 * ID
"""The longest id of a row, in characters."""


@dataclass(frozen=True)
class Position:
    """The place of a row in the list: its due time, then its id."""

    due_at: datetime
    id: str

    @property
    def after(self) -> str:
        """Return the text by which the next page is asked for."""
        plain = json.dumps([self.due_at.astimezone(UTC).isoformat(), self.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def position(after: str | None) -> Position | None:
    """Return the place that a text names; None without a text. Raises Refused for a text that no page gave."""
    if after is None:
        return None
    try:
        due, id_ = json.loads(base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True))
        due_at = datetime.fromisoformat(due)
        id_.encode()
    except (ValueError, TypeError, AttributeError):
        raise _unknown() from None
    if due_at.tzinfo is None or not 0 < len(id_) <= LONGEST_ID or "\0" in id_:
        raise _unknown()
    try:
        return Position(due_at.astimezone(UTC), id_)
    except OverflowError:
        raise _unknown() from None


def _unknown() -> Refused:
    return Refused("after: is no `next` of an earlier page; ask for the first page without it")
