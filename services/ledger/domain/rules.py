"""What a deployment sets for the ledger: `deploy/ledger.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.ledger.domain.figures import Band
from services.ledger.domain.points import Act


@dataclass(frozen=True)
class Rules:
    """Amounts are whole points; the zone is that in which a ticket's month is counted."""

    opening: int
    """What a member begins with."""
    acts: Mapping[Act, int]
    """What each act earns; 0 where a deployment does not count it."""
    gap_after: timedelta
    """How long a hole may stay open before it is said."""
    look_every: timedelta
    """How often the numbers that came since the last look are looked at."""
    zone: ZoneInfo
    bands: Mapping[str, Band] = field(default_factory=dict)
    """By figure, between which rates it is expected."""
