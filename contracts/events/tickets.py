"""What the tickets service says. The free text and the reporter travel once, on `tickets.private`, to notify alone."""

from contracts import codes, fields
from contracts.envelope import EventSchema


class TicketOpened(EventSchema):
    """A whistle became a ticket. Arms the watchdog: no `case.started` within its bound is an alert."""

    type = "ticket.opened.v1"
    producer = "tickets"

    category = fields.ident("category's code")
    area = fields.ident("area's code")
    estate = fields.ident("estate's code", optional=True)
    urgency = fields.code(codes.Urgency, "urgency")
    dispute = fields.flag("two parties are at odds")
    channel = fields.code(codes.Channel, "how it reached us")
    opened_at = fields.instant("from here every case clock runs")
    private_digest = fields.ident("salted digest of the private part")


class TicketHandled(EventSchema):
    """The responders say done; somebody else is to check."""

    type = "ticket.handled.v1"
    producer = "tickets"

    generation = fields.count("how often the ticket has been worked on: 1, and one more per rework or reopening")
    handled_by = fields.idents("the units that handled it and may not verify it")


class TicketVerified(EventSchema):
    """Somebody else checked and found it solved; the resident is asked next."""

    type = "ticket.verified.v1"
    producer = "tickets"

    generation = fields.count("generation that was verified")
    verified_by = fields.ident("the unit that checked")


class TicketReworkOrdered(EventSchema):
    """It is not solved after all: back to the level that handled it."""

    type = "ticket.rework_ordered.v1"
    producer = "tickets"

    generation = fields.count("the new generation")
    cause = fields.ident("verification or dissatisfied")


class TicketRated(EventSchema):
    """The resident answered the revisit."""

    type = "ticket.rated.v1"
    producer = "tickets"

    resolved = fields.flag("the resident says it is solved")
    satisfied = fields.flag("the resident is content with how")


class TicketClosed(EventSchema):
    """The end, and why."""

    type = "ticket.closed.v1"
    producer = "tickets"

    closure = fields.code(codes.Closure, "why it was closed")
    generation = fields.count("generation that was closed")


class TicketUnattended(EventSchema):
    """The watchdog: a ticket was opened and dispatch has not started a case in time. Somebody must look."""

    type = "ticket.unattended.v1"
    producer = "tickets"

    waited_seconds = fields.count("how long the watchdog waited")


class MatterDescribed(EventSchema):
    """The private part of a ticket, for the notices."""

    type = "matter.described.v1"
    producer = "tickets"
    private = True

    text = fields.text("what is the matter")
    address = fields.text("where, in words", optional=True)


class ContactRecorded(EventSchema):
    """Whom to tell about a ticket, and the links that let them answer."""

    type = "contact.recorded.v1"
    producer = "tickets"
    private = True

    name = fields.name("what to call them", optional=True)
    phone = fields.name("telephone number", optional=True)
    locale = fields.ident("language of the notices", optional=True)
    rate_link = fields.text("signed token that lets the resident rate this ticket", optional=True)
