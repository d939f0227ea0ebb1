"""What a deployment sets for the ledger: `deploy/ledger.yaml`."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from contracts.codes import Role


@dataclass(frozen=True)
class Rules:
    """Amounts are whole points; the zone is that in which a ticket's month is counted."""

    opening: int
    mediation: int
    members: frozenset[Role]
    """The roles whose responders have an account: the contract has no flag for volunteers yet."""
    gap_after: timedelta
    """How long a hole may stay open before it is said."""
    look_every: timedelta
    """How often the numbers that came since the last look are looked at."""
    zone: ZoneInfo
    """How many numbers after an event of a type its source gives to private events, which the ledger never hears."""
