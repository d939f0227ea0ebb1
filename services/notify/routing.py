"""Which ways lead to a notice's recipient now: by the deployment's present routes and the ticket's present contact."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from contracts.contact_points import comparable
from services.notify import store
from services.notify.domain.channels import Routes
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice
from services.notify.domain.rules import PARTIES, RESIDENT
from services.notify.domain.ways import Way


def contacts_for(connection: Connection, notices: Iterable[Notice]) -> Mapping[str, Contact]:
    """Return the contacts that notices depend on, by ticket, without locking them."""
    return store.contacts_by_id(connection, {id_ for one in notices for id_ in (one.ticket, one.origin or one.ticket)})


def ways_to(notice: Notice, contacts: Mapping[str, Contact], routes: Routes, region: str) -> list[Way]:
    """Return every way to the recipient as of now, the first first. ``region`` is that of telephone numbers."""
    return routes.of(notice.delegate or notice.audience).ways(_own(notice, contacts.get(notice.ticket), region))


def _own(notice: Notice, contact: Contact | None, region: str) -> str | None:
    """The recipient's own contact point; None for units, and for those on duty."""
    if notice.audience not in PARTIES:
        return None
    if contact is None:
        return notice.address
    person = contact.reporter if notice.audience == RESIDENT else contact.respondent
    return comparable(person.phone, region) if person else None
