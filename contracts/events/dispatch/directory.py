"""The directory that dispatch keeps: areas, categories, responders. A record is said again when it changes."""

from contracts import codes, fields
from contracts.envelope import EventSchema


class AreaRegistered(EventSchema):
    """An area exists, or its record changed. Tickets accepts whistles only for registered areas."""

    type = "area.registered.v1"
    producer = "dispatch"
    about = "area"

    kind = fields.code(codes.AreaKind, "kind of area")
    parent = fields.ident("the area it nests in", optional=True)


class CategoryRegistered(EventSchema):
    """A category exists, or its record changed."""

    type = "category.registered.v1"
    producer = "dispatch"
    about = "category"

    urgency = fields.code(codes.Urgency, "urgency of its tickets, unless a person raises it")
    dispute = fields.flag("its tickets are disputes between parties")


class ResponderRegistered(EventSchema):
    """A unit or person that can be called exists, or its record changed."""

    type = "responder.registered.v1"
    producer = "dispatch"
    about = "responder"

    role = fields.code(codes.Role, "what it is to the areas it serves")
    areas = fields.idents("areas it serves")
    categories = fields.idents("categories it leads; empty means every category", optional=True)
    volunteer = fields.flag("a member who works unpaid, and earns points (双报到)", optional=True)


class ResponderRetired(EventSchema):
    """A unit or person left: it is called no more, and what it had in hand goes to others."""

    type = "responder.retired.v1"
    producer = "dispatch"
    about = "responder"

    role = fields.code(codes.Role, "what it was to the areas it served")
