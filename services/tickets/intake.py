"""How a whistle becomes a ticket, whichever way it came, and how its private part travels on: once, to notify alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table

from chassis.outcome import Happened, Outcome, TooEarly
from chassis.work import Work
from contracts.codes import LinkPurpose, Urgency
from contracts.events import intake
from contracts.events import tickets as say
from services.tickets import store
from services.tickets.config import Configured
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_from

REPORTERS = (LinkPurpose.RATE, LinkPurpose.CONSENT, LinkPurpose.REOPEN, LinkPurpose.CANCEL)
"""What whoever blew the whistle gets links for; the respondent's is another."""
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
    ticket = ticket_from(id_, data, Urgency(category["urgency"]), category["dispute"] == "True", work.now, config.salt)
    work.add(ticket)
    said = intake.WhistleBlown.write(data)
    work.insert(store.whistles, {"ticket": id_, "producer": producer, "producer_id": producer_id, "data": said})
    opened = work.for_subject(id_)
    links = _signed(id_, REPORTERS, config) if ticket.has_contact else None
    opened.apply(Outcome(Happened(say.MatterDescribed, id_, {"text": data["text"], "address": data.get("address")})))
    opened.apply(Outcome(Happened(say.ContactRecorded, id_, {**_contact(id_, data, config), "links": links})))
    # after its private part, so that notify seldom has to wait for whom to tell
    opened.apply(ticket.open(config.rules))
    return ticket


def follow(id_: str, survivor: Ticket, asked: bool, work: Work, config: Configured) -> Outcome:
    """From now on the reporter of a merged ticket follows the survivor's notices.

    ``asked``: the survivor has nobody else to ask whether it is solved, so this reporter gets the survivor's links to rate and,
    once it is closed, to reopen.
    """
    links = _signed(survivor.id, (LinkPurpose.RATE, LinkPurpose.REOPEN), config) if asked else None
    contact = _contact(id_, store.whistle(work.connection, id_), config)
    return Outcome(Happened(say.ContactRecorded, id_, {**contact, "links": links, "follows": survivor.id}))


def _contact(id_: str, data: Mapping[str, Any], config: Configured) -> dict[str, Any]:
    """Who reported it, and the other party; whose only link is the one to respond."""
    respondent = _person(data.get("respondent"))
    if respondent.get("phone"):
        respondent["links"] = _signed(id_, (LinkPurpose.RESPOND,), config)
    return {**_person(data.get("reporter")), "respondent": respondent or None}


def _person(said: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: said.get(name) for name in ("name", "phone", "locale")} if said else {}


def _signed(id_: str, purposes: Iterable[LinkPurpose], config: Configured) -> dict[str, str]:
    return {purpose.value: config.links.sign(id_, purpose) for purpose in purposes}


def _registered(work: Work, table: Table, field: str, code: str) -> Mapping[str, Any]:
    row = work.once((table.name, code), lambda: store.registered(work.connection, table, code))
    if row is None:
        raise Unregistered(f"{field}: {code!r} is not registered")
    return row
