"""What comes in from outside: `intake.events`, the only exchange that producers and people may write.

It carries private data, so tickets and dispatch alone may bind it.
"""

from marshmallow import Schema

from contracts import codes, fields
from contracts.envelope import EventSchema

PRODUCER_ID = 128
"""The longest of a producer's own ids that can be named: as long as the key of a command over HTTP may be."""


class Location(Schema):
    """A point, and the system it was measured in."""

    lat = fields.degrees("degrees north", 90)
    lon = fields.degrees("degrees east", 180)
    system = fields.code(codes.CoordinateSystem, "coordinate system")


class Reporter(Schema):
    """A person: who blew the whistle, where they want to be known, or the other party of a dispute."""

    name = fields.name("what to call them", optional=True)
    phone = fields.name(
        "exactly one telephone number, or e-mail address where the deployment writes to people by e-mail", optional=True
    )
    locale = fields.ident("language of the notices, such as zh or en", optional=True)


class WhistleBlown(EventSchema):
    """Somebody, or a sensor, raised a matter. The same producer id twice is one ticket."""

    type = "whistle.blown.v1"
    producer = "intake"
    about = "whistle"

    category = fields.ident("a registered category's code")
    area = fields.ident("code of the smallest registered area, usually a grid")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    channel = fields.code(codes.Channel, "how it reached us")
    text = fields.text("what is the matter, in the reporter's words")
    address = fields.text("where, in words", most=fields.ADDRESS, optional=True)
    location = fields.nested(Location, "where, as a point", optional=True)
    reporter = fields.nested(Reporter, "who to answer", optional=True)
    respondent = fields.nested(Reporter, "the other party of a dispute: asked, should it come to a mediation", optional=True)
    occurred_at = fields.instant(
        "when it occurred, where that is earlier than now; at most five minutes after the time of receipt, from which every "
        "clock runs all the same",
        optional=True,
    )
    urgency = fields.code(codes.Urgency, "raises the category's own urgency, never lowers it", optional=True)
    dispute = fields.flag("two parties are at odds", optional=True)
    same_as = fields.ident(
        "the producer's own id of an earlier whistle: it is the same matter, and joins that one's ticket while it is at work",
        most=PRODUCER_ID,
        optional=True,
    )


class ReportFiled(EventSchema):
    """A responder's command about an assignment. The sender must speak for the unit."""

    type = "report.filed.v1"
    producer = "intake"

    command = fields.code(codes.Command, "what the unit reports")
    unit = fields.ident("the responder that reports")
    passed = fields.flag("verify: it is solved · perform: it was performed · rule: the extension is granted", optional=True)
    note = fields.text("free text for the record", optional=True)
    reason = fields.code(codes.ReturnReason, "return only: why", optional=True)
    to = fields.ident("rule: the unit that is to do it · excuse: the unit that need not", optional=True)
    until = fields.instant("extend: the new due time that is asked for · pause: when to look again", optional=True)
    party = fields.code(codes.Party, "consent noted down by the mediator", optional=True)


class RequestMade(EventSchema):
    """A resident's wish, made with a signed link or noted down by somebody on duty."""

    type = "request.made.v1"
    producer = "intake"

    request = fields.code(codes.Request, "what is asked")
    link = fields.text("the signed single-purpose token, where the resident asks in person", optional=True)
    resolved = fields.flag("rate only: the resident says it is solved", optional=True)
    satisfied = fields.flag("rate only: the resident is content with how", optional=True)
    comment = fields.text("free text", optional=True)
    party = fields.code(
        codes.Party,
        "consent and withdraw: who, the applicant unless it says otherwise; a link speaks for its own party",
        optional=True,
    )
