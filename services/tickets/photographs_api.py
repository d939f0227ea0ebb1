"""The HTTP API of tickets for photographs."""

import logging
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.effects import Refused
from chassis.handler_context import HandlerContext, Missing
from chassis.http import Answer, Problem
from chassis.http.files import Sender, SentFile, StoredFile, admission, download, preparation, upload
from contracts.http import photographs as http
from services.tickets import store, ticket_units
from services.tickets.config import TicketsConfig
from services.tickets.domain.photographs import photograph_id, require_room
from services.tickets.domain.ticket import Ticket
from services.tickets.metrics import ATTACHED, FAILED, REFUSED, TicketsMetrics
from services.tickets.photographs import rows
from services.tickets.photographs.maker import StoredImage
from services.tickets.photographs.provider import Photographs, required

log = logging.getLogger(__name__)


class PhotographsApi:
    """The HTTP operations for photographs. `TicketsService` inherits them.

    The desk may read and attach them, a responder whose unit works on the ticket too, and whoever holds one of its links may
    attach a few.
    """

    config: TicketsConfig
    clock: BusinessClock
    metrics: TicketsMetrics
    photographs: Photographs | None

    @admission(http.ATTACH_PHOTOGRAPH)
    def admit_photograph(self, connection: Connection, ticket: str, sender: Sender) -> None:
        """Check that the sender may attach a photograph. Raises Missing, BadLink, ExpiredLink, Refused."""
        if store.ticket(connection, ticket) is None:
            raise Missing("no ticket of that id here")
        self._purpose(connection, ticket, sender)
        try:
            required(self.photographs)
            require_room(*rows.counts(connection, ticket), by_link=isinstance(sender, str))
        except Refused:
            self.metrics.photograph(REFUSED)
            raise

    @preparation(http.ATTACH_PHOTOGRAPH)
    def make_photograph(self, sent: SentFile) -> StoredImage:
        """Make the picture anew and store its file. Raises Refused for one that cannot be made, Problem 503."""
        try:
            return required(self.photographs).maker.stored(sent)
        except (Refused, Problem) as wrong:
            self.metrics.photograph(REFUSED if isinstance(wrong, Refused) else FAILED)
            raise

    @upload(http.ATTACH_PHOTOGRAPH)
    def attach_photograph(self, image: StoredImage, ctx: HandlerContext, key: str, ticket: str, sender: Sender) -> Answer:
        """List a stored picture with its ticket, unless it is listed already."""
        ctx.load(Ticket, ticket)  # locked: photographs of a ticket are counted one after the other
        purpose = self._purpose(ctx.connection, ticket, sender)
        id_ = photograph_id(ticket, image.digest)
        if rows.find(ctx.connection, ticket, id_) is None:
            require_room(*rows.counts(ctx.connection, ticket), by_link=isinstance(sender, str))
            by = sender.id if isinstance(sender, Actor) else None
            row = {"ticket": ticket, "id": id_, "by": by, "purpose": purpose, "made_at": ctx.now}
            columns = ("digest", "bytes", "width", "height", "lat", "lon")
            rows.add(ctx.connection, row | {name: getattr(image, name) for name in columns})
        ctx.after_commit(lambda: self.metrics.photograph(ATTACHED))
        address = http.GET_PHOTOGRAPH.at(ticket=ticket, photograph=id_)
        size = {"width": image.width, "height": image.height, "bytes": image.bytes}
        return Answer({"ticket": ticket, "photograph": id_, **size}, {"Location": address})

    @download(http.GET_PHOTOGRAPH)
    def get_photograph(self, connection: Connection, ticket: str, photograph: str, owner: Actor | None) -> StoredFile | None:
        """Return the image of a photograph. A responder reads it if it speaks for a unit that works on the ticket."""
        row: dict[str, Any] | None = rows.find(connection, ticket, photograph)
        if row is None or (owner is not None and not ticket_units.may_read(connection, owner, ticket)):
            return None
        log.info("a photograph was read", extra={"ticket": ticket, "photograph": photograph})  # the account is bound
        return StoredFile(required(self.photographs).files.path_of(row["digest"]))

    def _purpose(self, connection: Connection, ticket: str, sender: Sender) -> str | None:
        """Return the purpose of the sender's link; None for an account that may attach. Raises Missing, BadLink, LinkOver."""
        if isinstance(sender, str):
            grant = self.config.links.read_any(sender, ticket)
            grant.require_unexpired(self.clock.now())
            return grant.purpose
        if http.ATTACH_PHOTOGRAPH.role not in sender.roles and not ticket_units.may_read(connection, sender, ticket):
            raise Missing("no ticket of that id here")
        return None
