"""A ticket in the fields of the standard."""

from datetime import datetime
from typing import Any

from services.tickets.domain.allowed_commands import State
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from services.tickets.open311.request_search import STATUS, ListedTicket
from services.tickets.open311.service_catalog import ServiceCatalog


def request_view(one: ListedTicket, catalog: ServiceCatalog, rules: Rules) -> dict[str, Any]:
    """Return a ticket in the standard's fields. The place is its estate's or area's; the text is for its sender alone."""
    ticket, service = one.ticket, catalog.services[one.ticket.category]
    place = catalog.places.of(ticket.area, ticket.estate)
    notice = service_notice(ticket, rules)
    return {
        "service_request_id": ticket.id,
        "status": STATUS[ticket.state],
        "status_notes": catalog.note(ticket),
        "service_name": service.name,
        "service_code": ticket.category,
        "description": one.text,
        **({"service_notice": notice} if notice else {}),
        "requested_datetime": local_seconds(ticket.opened_at, catalog),
        "updated_datetime": local_seconds(_updated(one), catalog),
        "address": place.names[0] if place else None,
        "address_id": ticket.estate or ticket.area,
        "lat": round(place.middle.lat, 6) if place else None,
        "long": round(place.middle.lon, 6) if place else None,
        "media_url": None,
    }


def service_notice(ticket: Ticket, rules: Rules) -> str | None:
    """Return the advice for the reporter, in every language there is; None where there is no danger."""
    advice = rules.advice.get(ticket.urgency)
    return " · ".join(advice.values()) if advice else None


def local_seconds(instant: datetime, catalog: ServiceCatalog) -> datetime:
    """Return an instant to the second with the deployment's offset. The standard's w3 note allows more; clients fail on it."""
    return instant.astimezone(catalog.zone).replace(microsecond=0)


def _updated(one: ListedTicket) -> datetime:
    """Return when a closed ticket was closed, even if its closure was doubted since; for others, the last change."""
    closed_at = one.ticket.closed_at if one.ticket.state is State.CLOSED else None
    return closed_at or one.changed_at or one.ticket.opened_at
