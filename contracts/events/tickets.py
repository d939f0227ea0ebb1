"""Events of the tickets service. The free text and the reporter travel once, on `tickets.private`, to notify alone."""

from datetime import datetime

from contracts import codes, fields
from contracts.payload import EventPayload, Part


class Links(Part):
    """Signed tokens, each for one ticket and one purpose."""

    rate: str | None = fields.text("rate", default=None)
    consent: str | None = fields.text("the applicant's consent to a mediation, or its withdrawal", default=None)
    reopen: str | None = fields.text("reopen after closure", default=None)
    cancel: str | None = fields.text("cancel", default=None)
    respond: str | None = fields.text("the respondent's consent to a mediation, or its withdrawal", default=None)


class Respondent(Part):
    """The other party of a dispute, who is told about the mediation and nothing else."""

    name: str | None = fields.name("what to call them", default=None)
    phone: str | None = fields.name("telephone number in E.164, short code, or e-mail address; normalised", default=None)
    locale: str | None = fields.ident("language of the notices", default=None)
    links: Links | None = fields.nested(Links, "signed single-purpose tokens: to respond, alone", default=None)


class TicketOpened(EventPayload):
    """A whistle became a ticket. It arms the watchdog, which alerts if no `case.started` follows in time."""

    type = "ticket.opened.v1"
    producer = "tickets"
    identity = ("subject",)

    category: str = fields.ident("category's code")
    area: str = fields.ident("area's code")
    estate: str | None = fields.ident("estate's code", default=None)
    urgency: codes.Urgency = fields.code(codes.Urgency, "urgency")
    dispute: bool = fields.flag("two parties are at odds")
    channel: codes.Channel = fields.code(codes.Channel, "how it reached us")
    opened_at: datetime = fields.instant("the time of receipt: from here every case clock runs")
    occurred_at: datetime | None = fields.instant(
        "when it occurred, where the whistle says so: no clock runs from here", default=None
    )
    private_digest: str = fields.ident("salted digest of the private part")


class TicketHandled(EventPayload):
    """The responders report the work as done; somebody else has to verify it."""

    type = "ticket.handled.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    generation: int = fields.count("how often the ticket has been worked on: 1, and one more per rework or reopening")
    handled_by: list[str] = fields.idents("the units that handled it and may not verify it")


class TicketVerified(EventPayload):
    """Somebody else verified that the matter is solved; the resident is asked next."""

    type = "ticket.verified.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    generation: int = fields.count("generation that was verified")
    verified_by: str = fields.ident("the unit that checked")


class TicketReworkOrdered(EventPayload):
    """The matter is not solved after all: it goes back to the level that handled it."""

    type = "ticket.rework_ordered.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    generation: int = fields.count("the new generation")
    cause: codes.ReworkCause = fields.code(codes.ReworkCause, "why")


class TicketRated(EventPayload):
    """The resident answered the revisit."""

    type = "ticket.rated.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    generation: int = fields.count("generation that was asked about")
    resolved: bool = fields.flag("the resident says it is solved")
    satisfied: bool = fields.flag("the resident is content with how")


class TicketClosed(EventPayload):
    """The ticket was closed, with this result."""

    type = "ticket.closed.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    closure: codes.Closure = fields.code(codes.Closure, "why it was closed")
    generation: int = fields.count("generation that was closed")


class TicketRejected(EventPayload):
    """The matter is not taken on, for this reason; the notice names the route it has instead."""

    type = "ticket.rejected.v1"
    producer = "tickets"
    identity = ("subject",)

    reason: codes.RejectReason = fields.code(codes.RejectReason, "why")


class TicketMerged(EventPayload):
    """The ticket is the same matter as another ticket; its reporter follows the survivor's notices."""

    type = "ticket.merged.v1"
    producer = "tickets"
    identity = ("subject", "into", "causation")

    into: str = fields.ident("the surviving ticket")
    generation: int | None = fields.count("the generation of work that the merged ticket stood at", default=None)


class TicketUnmerged(EventPayload):
    """A merged ticket continues by itself: dispatch works on it again. Tickets that were merged into it follow it again."""

    type = "ticket.unmerged.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    survivor: str = fields.ident("the ticket that it was merged into, which no longer stands for it")
    cause: codes.UnmergeCause = fields.code(codes.UnmergeCause, "why")
    generation: int = fields.count("the new generation")


class TicketCategoryChangedV1(EventPayload):
    """A more serious matter was merged into the ticket, which takes over its category. Published before the desk could change a
    category."""

    type = "ticket.category_changed.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    category: str = fields.ident("the new category's code")
    before: str = fields.ident("the category that it had")
    dispute: bool = fields.flag("two parties are at odds")
    merged: str = fields.ident("the merged ticket whose category it is")
    generation: int = fields.count("the new generation")


class TicketCategoryChanged(EventPayload):
    """The ticket has another category, by which it is routed from now on: that of a more serious matter that was merged into
    it, or the one that the desk found to be right."""

    type = "ticket.category_changed.v2"
    producer = "tickets"
    identity = ("subject", "generation")

    category: str = fields.ident("the new category's code")
    before: str = fields.ident("the category that it had")
    dispute: bool = fields.flag("two parties are at odds")
    merged: str | None = fields.ident("the merged ticket whose category it is; none where the desk changed it", default=None)
    generation: int = fields.count("the new generation")


class ClusterProposedV1(EventPayload):
    """A whistle looks like an open ticket: same category, near in space and time. Published until 0.1.0, before `by`."""

    type = "cluster.proposed.v1"
    producer = "tickets"
    identity = ("subject", "like")

    like: str = fields.ident("the open ticket it looks like")
    metres: int = fields.count("distance, rounded up")


class ClusterProposed(EventPayload):
    """A whistle looks like an open ticket: same category, near in time, and alike by place, address or reporter."""

    type = "cluster.proposed.v2"
    producer = "tickets"
    identity = ("subject", "like")

    like: str = fields.ident("the open ticket it looks like")
    by: list[codes.Likeness] = fields.codes(codes.Likeness, "by what, the strongest first", least=1)
    metres: int | None = fields.count("by place only: the distance, rounded up", default=None)


class TicketReopened(EventPayload):
    """The resident reopened the ticket within the time allowed after its closure."""

    type = "ticket.reopened.v1"
    producer = "tickets"
    identity = ("subject", "generation")

    generation: int = fields.count("the new generation")


class TicketParked(EventPayload):
    """The matter cannot be solved now: the ticket is parked with a reason and a review date (挂账)."""

    type = "ticket.parked.v1"
    producer = "tickets"
    identity = ("subject", "causation")

    reason: str = fields.ident("why, as a code")
    review_at: datetime = fields.instant("when it is looked at again")


class TicketResumed(EventPayload):
    """Work on a parked ticket continues."""

    type = "ticket.resumed.v1"
    producer = "tickets"
    identity = ("subject", "causation")


class TicketCancelled(EventPayload):
    """The reporter cancelled the ticket."""

    type = "ticket.cancelled.v1"
    producer = "tickets"
    identity = ("subject",)


class TicketUrgencyRaised(EventPayload):
    """A person raised the urgency; every clock is recomputed from its old start."""

    type = "ticket.urgency_raised.v1"
    producer = "tickets"
    identity = ("subject", "urgency")

    urgency: codes.Urgency = fields.code(codes.Urgency, "the new urgency")


class TicketClosureDoubted(EventPayload):
    """The same place and category was whistled again soon after the closure, which counts as ineffective."""

    type = "ticket.closure_doubted.v1"
    producer = "tickets"
    identity = ("subject", "again")

    again: str = fields.ident("the new ticket")


class TicketUnattended(EventPayload):
    """The watchdog alerts: a ticket was opened and dispatch has not started a case in time. A person must look into it."""

    type = "ticket.unattended.v1"
    producer = "tickets"
    identity = ("subject", "waited_seconds", "causation")

    waited_seconds: int = fields.count("how long the watchdog waited")


class MatterDescribed(EventPayload):
    """The private part of a ticket, for the notices."""

    type = "matter.described.v1"
    producer = "tickets"
    private = True
    identity = ("subject",)

    text: str = fields.text("what is the matter")
    address: str | None = fields.text("where, in words", default=None)


class ContactRecorded(EventPayload):
    """The person to tell about a ticket, and the links by which they can answer."""

    type = "contact.recorded.v1"
    producer = "tickets"
    private = True
    identity = ("subject", "causation", "follows", "links_of", "after")

    name: str | None = fields.name("what to call them", default=None)
    phone: str | None = fields.name("telephone number in E.164, short code, or e-mail address; normalised", default=None)
    locale: str | None = fields.ident("language of the notices", default=None)
    links: Links | None = fields.nested(Links, "signed single-purpose tokens by which the resident acts", default=None)
    respondent: Respondent | None = fields.nested(Respondent, "the other party, where the whistle names one", default=None)
    links_of: str | None = fields.ident(
        "the ticket that the links are for, where it is not the one that is followed", default=None
    )
    follows: str | None = fields.ident(
        "the surviving ticket: this contact, once its own was merged, is told what is told about that one", default=None
    )
