"""Making a ticket from a whistle: its id, its urgency and the digest that stands for its private part."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from contracts.codes import Urgency
from contracts.events.intake import Location, WhistleBlown
from contracts.payload import Part
from services.tickets.domain.coordinates import Point, point
from services.tickets.domain.match_keys import MatchKeys
from services.tickets.domain.ticket import Ticket

PRIVATE = ("text", "address", "location", "reporter", "respondent")
REPORTER_PHONE = "reporter.phone"
CLOCK_SKEW = timedelta(minutes=5)
"""The time by which a producer's clock may be ahead of ours."""


def ticket_id(source: str, producer_id: str) -> str:
    """Return the ticket's id, which follows from the producer's id: 80 bits, short enough to be read aloud."""
    digest = hashlib.sha256(json.dumps([source, producer_id]).encode()).digest()
    return "T" + base64.b32encode(digest[:10]).decode()


def urgency_of(category: Urgency, raised: Urgency | None) -> Urgency:
    """Return the category's urgency, or the higher one that a person set. E0 is the highest."""
    return min(category, raised or category, key=lambda urgency: urgency.value)


def private_digest(whistle: WhistleBlown, salt: bytes) -> str:
    """Return a salted digest of the private part. It proves later what was reported, and reveals nothing of it."""
    private = {name: _plain(value) for name, value in whistle.by_name().items() if name in PRIVATE}
    text = json.dumps(private, sort_keys=True, ensure_ascii=False)
    return hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()


def future_occurrence_errors(whistle: WhistleBlown, at: datetime) -> dict[str, str]:
    """Return the error, by field, of a whistle whose matter occurs after ``at``, the time of receipt."""
    if whistle.occurred_at is None or whistle.occurred_at <= at + CLOCK_SKEW:
        return {}
    minutes = CLOCK_SKEW // timedelta(minutes=1)
    return {"occurred_at": f"Later than the time of receipt by more than {minutes} minutes."}


def _plain(value: str | Part | None) -> Any:
    return value.dumped() if isinstance(value, Part) else value


def ticket_from_whistle(
    id_: str,
    whistle: WhistleBlown,
    urgency: Urgency,
    dispute: bool,
    at: datetime,
    keys: MatchKeys,
    unusable: Collection[str] = (),
) -> Ticket:
    """Return a new ticket for a whistle. ``unusable`` are the fields with an unusable contact point."""
    phone = whistle.reporter.phone if whistle.reporter else None
    area = whistle.estate or whistle.area
    return Ticket(
        id=id_,
        category=whistle.category,
        area=whistle.area,
        estate=whistle.estate,
        urgency=urgency_of(urgency, whistle.urgency),
        dispute=dispute if whistle.dispute is None else whistle.dispute,
        channel=whistle.channel,
        opened_at=at,
        has_contact=bool(phone) and REPORTER_PHONE not in unusable,
        unusable_contacts=sorted(unusable),
        private_digest=private_digest(whistle, keys.salt),
        place=_place(whistle.location) if whistle.location else None,
        address_key=keys.address(area, whistle.address),
        reporter_key=keys.reporter(area, phone),
        occurred_at=whistle.occurred_at,
    )


def _place(location: Location) -> Point:
    return point(location.lat, location.lon, location.system)
