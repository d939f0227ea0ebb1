"""How a whistle becomes a ticket, whichever way it came, and how its private part travels on: once, to notify alone."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table

from chassis.outcome import Happened, Outcome, TooEarly
from chassis.work import Work
from contracts.codes import Urgency
from contracts.events import intake
from contracts.events import tickets as say
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.contacts import REPORTERS, contact, signed, unusable
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_from
from services.tickets.merging import merge_if_repeated

log = logging.getLogger(__name__)

ACCOUNTS = "/accounts/"
"""Sources under it are what comes over HTTP: nobody may use another account's, and so swallow its whistles."""


class Unregistered(TooEarly):
    """A category or area that dispatch has not registered, or not yet."""


def open_ticket(id_: str, producer: str, producer_id: str, data: Mapping[str, Any], work: Work, config: Configured) -> Ticket:
    """Open the ticket, unless it is open: the same producer id twice is one ticket. Raises Unregistered."""
    known = work.find(Ticket, id_)
    if known is not None:
        return known
    category = _registered(work, store.categories, "category", data["category"])
    _registered(work, store.areas, "area", data["area"])
    if data.get("estate"):
        _registered(work, store.areas, "estate", data["estate"])
    wrong = unusable(data, config)
    ticket = ticket_from(id_, data, Urgency(category["urgency"]), category["dispute"] == "True", work.now, config.salt, wrong)
    work.add(ticket)
    if wrong:
        log.warning("a whistle's contact is unusable: ask its producer", extra={"ticket": id_, "fields": sorted(wrong)})
    said = intake.WhistleBlown.write(data)
    work.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": said})
    opened = work.for_subject(id_)
    links = signed(id_, REPORTERS, config) if ticket.has_contact else None
    opened.apply(Outcome(Happened(say.MatterDescribed, id_, {"text": data["text"], "address": data.get("address")})))
    opened.apply(Outcome(Happened(say.ContactRecorded, id_, {**contact(id_, data, config), "links": links})))
    # after its private part, so that notify seldom has to wait for whom to tell
    opened.apply(ticket.open(config.rules))
    merge_if_repeated(ticket, producer, data, work, config)
    return ticket


def _registered(work: Work, table: Table, field: str, code: str) -> Mapping[str, Any]:
    row = work.once((table.name, code), lambda: store.registered(work.connection, table, code))
    if row is None:
        raise Unregistered(f"{field}: {code!r} is not registered")
    return row
