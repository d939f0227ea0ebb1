"""The numbers a deployment sets for tickets. The defaults are the domain page's."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """``watchdog``: how soon dispatch must have started a case. ``revisit``: how long the resident is waited for."""

    watchdog: timedelta = timedelta(seconds=60)
    revisit: timedelta = timedelta(days=7)
