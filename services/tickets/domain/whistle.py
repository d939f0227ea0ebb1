"""From a whistle to a ticket: its id, its urgency and the digest that stands for its private part."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from contracts.codes import Urgency
from services.tickets.domain.coordinates import point
from services.tickets.domain.ticket import Ticket

PRIVATE = ("text", "address", "location", "reporter", "respondent")
REPORTER_PHONE = "reporter.phone"


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


def ticket_from(
    id_: str,
    data: Mapping[str, Any],
    urgency: Urgency,
    dispute: bool,
    at: datetime,
    salt: bytes,
    unusable: Collection[str] = (),
) -> Ticket:
    """A new ticket for a whistle's data (`whistle.blown.v1`). ``unusable`` are the fields whose contact point is."""
    phone = (data.get("reporter") or {}).get("phone")
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
        private_digest=private_digest(data, salt),
        place=point(**data["location"]) if data.get("location") else None,
    )
