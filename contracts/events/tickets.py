"""What the tickets service says. The free text and the reporter travel once, on `tickets.private`, to notify alone."""

from marshmallow import Schema

from contracts import codes, fields
from contracts.envelope import EventSchema


class Links(Schema):
    """Signed tokens, each for one ticket and one purpose."""

    rate = fields.text("rate", optional=True)
    consent = fields.text("the applicant's consent to a mediation, or its withdrawal", optional=True)
    reopen = fields.text("reopen after closure", optional=True)
    cancel = fields.text("cancel", optional=True)
    respond = fields.text("the respondent's consent to a mediation, or its withdrawal", optional=True)


class Respondent(Schema):
    """The other party of a dispute: told of the mediation, and of nothing else."""

    name = fields.name("what to call them", optional=True)
    phone = fields.name("telephone number in E.164, short code, or e-mail address; normalised", optional=True)
    locale = fields.ident("language of the notices", optional=True)
    links = fields.nested(Links, "signed single-purpose tokens: to respond, alone", optional=True)


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
    opened_at = fields.instant("the time of receipt: from here every case clock runs")
    occurred_at = fields.instant("when it occurred, where the whistle says so: no clock runs from here", optional=True)
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
    cause = fields.code(codes.ReworkCause, "why")


class TicketRated(EventSchema):
    """The resident answered the revisit."""

    type = "ticket.rated.v1"
    producer = "tickets"

    generation = fields.count("generation that was asked about")
    resolved = fields.flag("the resident says it is solved")
    satisfied = fields.flag("the resident is content with how")


class TicketClosed(EventSchema):
    """The end, and why."""

    type = "ticket.closed.v1"
    producer = "tickets"

    closure = fields.code(codes.Closure, "why it was closed")
    generation = fields.count("generation that was closed")


class TicketRejected(EventSchema):
    """The matter is not taken on, and why; the notice tells the route it has instead."""

    type = "ticket.rejected.v1"
    producer = "tickets"

    reason = fields.code(codes.RejectReason, "why")


class TicketMerged(EventSchema):
    """It is the same matter as another ticket; the reporter follows the survivor's notices."""

    type = "ticket.merged.v1"
    producer = "tickets"

    into = fields.ident("the surviving ticket")
    generation = fields.count("the generation of work that the merged ticket stood at", optional=True)


class TicketUnmerged(EventSchema):
    """A merged ticket goes on by itself: dispatch takes it up again. Those that were merged into it follow it again."""

    type = "ticket.unmerged.v1"
    producer = "tickets"

    survivor = fields.ident("the ticket that it was merged into, which no longer stands for it")
    cause = fields.code(codes.UnmergeCause, "why")
    generation = fields.count("the new generation")


class TicketCategoryChanged(EventSchema):
    """A more serious matter was merged into the ticket: it has that one's category, and is routed by it from now on."""

    type = "ticket.category_changed.v1"
    producer = "tickets"

    category = fields.ident("the new category's code")
    before = fields.ident("the category that it had")
    dispute = fields.flag("two parties are at odds")
    merged = fields.ident("the merged ticket whose category it is")
    generation = fields.count("the new generation")


class ClusterProposedV1(EventSchema):
    """A whistle looks like an open ticket: same category, near in space and time. Said until 0.1.0, before `by`."""

    type = "cluster.proposed.v1"
    producer = "tickets"

    like = fields.ident("the open ticket it looks like")
    metres = fields.count("distance, rounded up")


class ClusterProposed(EventSchema):
    """A whistle looks like an open ticket: same category, near in time, and alike by place, address or reporter."""

    type = "cluster.proposed.v2"
    producer = "tickets"

    like = fields.ident("the open ticket it looks like")
    by = fields.codes(codes.Likeness, "by what, the strongest first", least=1)
    metres = fields.count("by place only: the distance, rounded up", optional=True)


class TicketReopened(EventSchema):
    """The resident came back within the time that a closed ticket may be reopened in."""

    type = "ticket.reopened.v1"
    producer = "tickets"

    generation = fields.count("the new generation")


class TicketParked(EventSchema):
    """It cannot be solved now: kept with a reason and a review date (挂账)."""

    type = "ticket.parked.v1"
    producer = "tickets"

    reason = fields.ident("why, as a code")
    review_at = fields.instant("when it is looked at again")


class TicketResumed(EventSchema):
    """A parked ticket is worked on again."""

    type = "ticket.resumed.v1"
    producer = "tickets"


class TicketCancelled(EventSchema):
    """The reporter withdrew it."""

    type = "ticket.cancelled.v1"
    producer = "tickets"


class TicketUrgencyRaised(EventSchema):
    """A person raised the urgency; every clock is computed anew from its old start."""

    type = "ticket.urgency_raised.v1"
    producer = "tickets"

    urgency = fields.code(codes.Urgency, "the new urgency")


class TicketClosureDoubted(EventSchema):
    """The same place and category was whistled again soon after: the closure counts as ineffective."""

    type = "ticket.closure_doubted.v1"
    producer = "tickets"

    again = fields.ident("the new ticket")


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
    phone = fields.name("telephone number in E.164, short code, or e-mail address; normalised", optional=True)
    locale = fields.ident("language of the notices", optional=True)
    links = fields.nested(Links, "signed single-purpose tokens by which the resident acts", optional=True)
    respondent = fields.nested(Respondent, "the other party, where the whistle names one", optional=True)
    links_of = fields.ident("the ticket that the links are for, where it is not the one that is followed", optional=True)
    follows = fields.ident(
        "the surviving ticket: this contact, once its own was merged, is told what is told about that one", optional=True
    )
