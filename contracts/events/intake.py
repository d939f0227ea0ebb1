"""External events on `intake.events`, the only exchange that producers and people may write to.

It carries private data, so tickets and dispatch alone may bind it.
"""

from datetime import datetime

from contracts import codes, fields, limits
from contracts.payload import EventPayload, Part


class Location(Part):
    """A point and its coordinate system."""

    lat: float = fields.degrees("degrees north", 90)
    lon: float = fields.degrees("degrees east", 180)
    system: codes.CoordinateSystem = fields.code(codes.CoordinateSystem, "coordinate system")


class Reporter(Part):
    """A person: the reporter, unless anonymous, or the other party of a dispute."""

    name: str | None = fields.name("what to call them", default=None)
    phone: str | None = fields.name(
        "exactly one telephone number, or e-mail address where the deployment writes to people by e-mail", default=None
    )
    locale: str | None = fields.ident("language of the notices, such as zh or en", default=None)


class WhistleBlown(EventPayload):
    """A person or a sensor raised a matter. The same producer id twice is one ticket."""

    type = "whistle.blown.v1"
    producer = "intake"
    about = "whistle"

    category: str = fields.ident("a registered category's code")
    area: str = fields.ident("code of the smallest registered area, usually a grid")
    estate: str | None = fields.ident("code of the estate, where there is one", default=None)
    channel: codes.Channel = fields.code(codes.Channel, "how it reached us")
    text: str = fields.text("what is the matter, in the reporter's words")
    address: str | None = fields.text("where, in words", most=limits.ADDRESS, default=None)
    location: Location | None = fields.nested(Location, "where, as a point", default=None)
    reporter: Reporter | None = fields.nested(Reporter, "who to answer", default=None)
    respondent: Reporter | None = fields.nested(
        Reporter, "the other party of a dispute: asked, should it come to a mediation", default=None
    )
    occurred_at: datetime | None = fields.instant(
        "when it occurred, where that is earlier than now; at most five minutes after the time of receipt, from which every "
        "clock runs all the same",
        default=None,
    )
    urgency: codes.Urgency | None = fields.code(
        codes.Urgency, "raises the category's own urgency, never lowers it", default=None
    )
    dispute: bool | None = fields.flag("two parties are at odds", default=None)
    same_as: str | None = fields.ident(
        "the producer's own id of an earlier whistle: it is the same matter, and joins that one's ticket while it is at work",
        most=limits.PRODUCER_ID,
        default=None,
    )


class ReportFiled(EventPayload):
    """A responder's command about an assignment. The sender must be allowed to speak for the unit."""

    type = "report.filed.v1"
    producer = "intake"

    command: codes.Command = fields.code(codes.Command, "what the unit reports")
    unit: str = fields.ident("the responder that reports")
    passed: bool | None = fields.flag(
        "verify: it is solved · perform: it was performed · rule: the extension is granted", default=None
    )
    note: str | None = fields.text("free text for the record", default=None)
    reason: codes.ReturnReason | None = fields.code(codes.ReturnReason, "return only: why", default=None)
    to: str | None = fields.ident("rule: the unit that is to do it · excuse: the unit that need not", default=None)
    until: datetime | None = fields.instant(
        "extend: the new due time that is asked for · pause: when to look again", default=None
    )
    party: codes.Party | None = fields.code(codes.Party, "consent noted down by the mediator", default=None)
    acted_at: datetime | None = fields.instant(
        "when it was done, where that is earlier than the report, as a telephone without network reports later; at most five "
        "minutes after the time of receipt, by which every clock goes all the same",
        default=None,
    )


class RequestMade(EventPayload):
    """A resident's request, made with a signed link or recorded by somebody on duty."""

    type = "request.made.v1"
    producer = "intake"

    request: codes.Request = fields.code(codes.Request, "what is asked")
    link: str | None = fields.text("the signed single-purpose token, where the resident asks in person", default=None)
    resolved: bool | None = fields.flag("rate only: the resident says it is solved", default=None)
    satisfied: bool | None = fields.flag("rate only: the resident is content with how", default=None)
    comment: str | None = fields.text("free text", default=None)
    party: codes.Party | None = fields.code(
        codes.Party,
        "consent and withdraw: who, the applicant unless it says otherwise; a link speaks for its own party",
        default=None,
    )
