"""The numbers and texts that a deployment sets for tickets. The defaults of the numbers are the domain page's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from contracts.codes import Urgency


@dataclass(frozen=True, slots=True)
class Proximity:
    """The distance in space and time within which two whistles of one category count as the same matter.

    ``metres`` is of places on the map; the same address, or the same reporter in the same place, needs none.
    """

    metres: float
    within: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a deployment for tickets.

    ``watchdog``: how soon dispatch must have taken a ticket up. ``revisit``: how long the resident is waited for. ``reopen``:
    how long after its closure a ticket may be reopened [Signalen]. ``duplicates``: near an open ticket [FixMyStreet].
    ``doubts``: near a closed ticket, ``within`` counted from its closure. ``advice``: what a reporter is told at once, by
    urgency and language. ``police_matters``: the categories that go straight to the police and are never merged, from
    `police_matters.yaml`. ``shared_contacts``: normalised contact points that many people report from, such as the number of
    an office that passes calls on; the same one makes no two tickets alike.
    """

    watchdog: timedelta = timedelta(seconds=60)
    revisit: timedelta = timedelta(days=7)
    reopen: timedelta = timedelta(days=14)
    duplicates: Proximity = Proximity(50, timedelta(hours=24))
    doubts: Proximity = Proximity(50, timedelta(days=15))
    advice: Mapping[Urgency, Mapping[str, str]] = field(default_factory=dict)
    police_matters: frozenset[str] = frozenset()
    shared_contacts: frozenset[str] = frozenset()
