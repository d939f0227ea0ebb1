"""How a whistle becomes a ticket, whichever way it came."""

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
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_from
from services.tickets.links import RATE

ACCOUNTS = "/accounts/"
"""Sources under it are what comes over HTTP: nobody may use another account's, and so swallow its whistles."""


class Unregistered(TooEarly):
    """A category or area that dispatch has not registered, or not yet."""


def open_ticket(id_: str, producer: str, producer_id: str, data: Mapping[str, Any], work: Work, config: Configured) -> None:
    """Open the ticket, unless it is open: the same producer id twice is one ticket. Raises Unregistered."""
    if work.find(Ticket, id_) is not None:
        return
    category = _registered(work, store.categories, "category", data["category"])
    _registered(work, store.areas, "area", data["area"])
    if data.get("estate"):
        _registered(work, store.areas, "estate", data["estate"])
    ticket = ticket_from(id_, data, Urgency(category["urgency"]), category["dispute"] == "True", work.now, config.salt)
    work.add(ticket)
    said = intake.WhistleBlown.write(data)
    work.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": said})
    opened = work.for_subject(id_)
    opened.apply(ticket.open(config.rules))
    opened.apply(_private(ticket, data, config))


def _private(ticket: Ticket, data: Mapping[str, Any], config: Configured) -> Outcome:
    reporter = data.get("reporter") or {}
    link = config.links.sign(ticket.id, RATE) if ticket.has_contact else None
    contact = {"name": reporter.get("name"), "phone": reporter.get("phone"), "locale": reporter.get("locale")}
    return Outcome(
        Happened(say.MatterDescribed, ticket.id, {"text": data["text"], "address": data.get("address")}),
        Happened(say.ContactRecorded, ticket.id, {**contact, "rate_link": link}),
    )


def _registered(work: Work, table: Table, field: str, code: str) -> Mapping[str, Any]:
    row = store.registered(work.connection, table, code)
    if row is None:
        raise Unregistered(f"{field}: {code!r} is not registered")
    return row
