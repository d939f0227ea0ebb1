"""Directory records of dispatch: areas, categories, responders. A record is published again when it changes."""

from contracts import codes, fields
from contracts.payload import EventPayload


class AreaRegistered(EventPayload):
    """An area was registered, or its record changed. Tickets accepts whistles only for registered areas."""

    type = "area.registered.v1"
    producer = "dispatch"
    about = "area"
    identity = ()

    kind: codes.AreaKind = fields.code(codes.AreaKind, "kind of area")
    parent: str | None = fields.ident("the area it nests in", default=None)


class CategoryRegistered(EventPayload):
    """A category was registered, or its record changed."""

    type = "category.registered.v1"
    producer = "dispatch"
    about = "category"
    identity = ()

    urgency: codes.Urgency = fields.code(codes.Urgency, "urgency of its tickets, unless a person raises it")
    dispute: bool = fields.flag("its tickets are disputes between parties")


class ResponderRegistered(EventPayload):
    """A unit or person that can be called was registered, or its record changed."""

    type = "responder.registered.v1"
    producer = "dispatch"
    about = "responder"
    identity = ()

    role: codes.Role = fields.code(codes.Role, "what it is to the areas it serves")
    areas: list[str] = fields.idents("areas it serves")
    categories: list[str] | None = fields.idents("categories it leads; empty means every category", default=None)
    volunteer: bool | None = fields.flag("a member who works unpaid, and earns points (双报到)", default=None)


class ResponderRetired(EventPayload):
    """A unit or person left: it is no longer called, and others take over its open work."""

    type = "responder.retired.v1"
    producer = "dispatch"
    about = "responder"
    identity = ()

    role: codes.Role = fields.code(codes.Role, "what it was to the areas it served")
