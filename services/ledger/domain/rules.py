"""The rules that a deployment sets for the ledger: `deploy/ledger.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.ledger.domain.double_entry import Act
from services.ledger.domain.kpi_figures import Band


@dataclass(frozen=True)
class Rules:
    """The rules. Amounts are whole points; the zone decides in which month a ticket counts."""

    opening: int
    """The points with which a member begins."""
    acts: Mapping[Act, int]
    """The points that each act earns; 0 for an act that the deployment does not count."""
    gap_after: timedelta
    """The time after which an open gap is published."""
    look_every: timedelta
    """The interval between two searches for gaps among new entries."""
    zone: ZoneInfo
    bands: Mapping[str, Band] = field(default_factory=dict)
    """The expected range of each figure's rate."""
