"""The present addresses of a notice's recipient, by the deployment's routes and the ticket's contact.

Whom an event is told to is decided before, by `services.notify.domain.notice_rules`.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from contracts.contact_points import comparable
from services.notify import store
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.channels import Routes
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.notice_planning import PARTIES, RESIDENT


def contacts_by_ticket(connection: Connection, notices: Iterable[Notice]) -> Mapping[str, Contact]:
    """Return the contacts that notices depend on, by ticket, without locking them."""
    return store.contacts_by_id(connection, {id_ for one in notices for id_ in (one.ticket, one.origin or one.ticket)})


def addresses_for(notice: Notice, contacts: Mapping[str, Contact], routes: Routes, region: str) -> list[ChannelAddress]:
    """Return every address of the recipient as of now, the first first. ``region`` is that of telephone numbers."""
    return routes.of(notice.delegate or notice.audience).ways(_own_address(notice, contacts.get(notice.ticket), region))


def _own_address(notice: Notice, contact: Contact | None, region: str) -> str | None:
    """Return the recipient's own contact point; None for units, and for those on duty."""
    if notice.audience not in PARTIES:
        return None
    if contact is None:
        return notice.address
    person = contact.reporter if notice.audience == RESIDENT else contact.respondent
    return comparable(person.phone, region) if person else None
