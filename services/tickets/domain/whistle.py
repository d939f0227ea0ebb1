"""From a whistle to a ticket: its id, its urgency and the digest that stands for its private part."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts.codes import Urgency
from services.tickets.domain.coordinates import point
from services.tickets.domain.match_keys import MatchKeys
from services.tickets.domain.ticket import Ticket

PRIVATE = ("text", "address", "location", "reporter", "respondent")
REPORTER_PHONE = "reporter.phone"
CLOCK_SKEW = timedelta(minutes=5)
"""By how much a producer's clock may be ahead of ours."""


def ticket_id(source: str, producer_id: str) -> str:
    """The same producer id twice is one ticket: its id follows from it. 80 bits, so that it is short enough to say aloud."""
    digest = hashlib.sha256(json.dumps([source, producer_id]).encode()).digest()
    return "T" + base64.b32encode(digest[:10]).decode()


def urgency_of(category: Urgency, raised: Urgency | None) -> Urgency:
    """The category's own, or what a person raised it to. E0 is the highest; nobody lowers it."""
    return min(category, raised or category, key=lambda urgency: urgency.value)


def private_digest(data: Mapping[str, Any], salt: bytes) -> str:
    """A salted digest of the private part: proves later what was said, tells nobody what it was."""
    private = {name: data.get(name) for name in PRIVATE}
    text = json.dumps(private, sort_keys=True, ensure_ascii=False, default=str)
    return hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()


def not_yet(data: Mapping[str, Any], at: datetime) -> dict[str, str]:
    """What is wrong, by field, where a whistle's data say that the matter occurs after ``at``, the time of receipt."""
    occurred_at = data.get("occurred_at")
    if occurred_at is None or occurred_at <= at + CLOCK_SKEW:
        return {}
    minutes = CLOCK_SKEW // timedelta(minutes=1)
    return {"occurred_at": f"Later than the time of receipt by more than {minutes} minutes."}


def ticket_from(
    id_: str,
    data: Mapping[str, Any],
    urgency: Urgency,
    dispute: bool,
    at: datetime,
    keys: MatchKeys,
    unusable: Collection[str] = (),
) -> Ticket:
    """A new ticket for a whistle's data (`whistle.blown.v1`). ``unusable`` are the fields whose contact point is."""
    phone = (data.get("reporter") or {}).get("phone")
    area = data.get("estate") or data["area"]
    return Ticket(
        id=id_,
        category=data["category"],
        area=data["area"],
        estate=data.get("estate"),
        urgency=urgency_of(urgency, data.get("urgency")),
        dispute=dispute if data.get("dispute") is None else data["dispute"],
        channel=data["channel"],
        opened_at=at,
        has_contact=bool(phone) and REPORTER_PHONE not in unusable,
        unusable_contacts=sorted(unusable),
        private_digest=private_digest(data, keys.salt),
        place=point(**data["location"]) if data.get("location") else None,
        address_key=keys.address(area, data.get("address")),
        reporter_key=keys.reporter(area, phone),
        occurred_at=data.get("occurred_at"),
    )
