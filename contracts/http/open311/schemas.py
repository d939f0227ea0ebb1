"""The requests and answers of GeoReport v2 (wiki.open311.org/GeoReport_v2).

Every name of a field and of an element here is the standard's. The JSON follows from the XML (the Spark convention): an element
of `LISTS` is a list, an unknown value is null in JSON and an empty element in XML, and a field that by the standard "may not be
returned" is left out. docs/open311.md lists the differences from the standard and their reasons.
"""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import limits
from contracts import marshmallow_fields as fields

FORMATS = {"json": "application/json", "xml": "text/xml"}
"""The formats of an answer, by the ending of the requested path. XML is the format that the standard requires."""
FORM = "application/x-www-form-urlencoded"
LISTS = {
    "services": "service",
    "attributes": "attribute",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""The elements that hold a list, and the names of their items."""


class Type(StrEnum):
    """The way in which a request's id is returned: at once, by a token, or never."""

    REALTIME = "realtime"
    BATCH = "batch"
    BLACKBOX = "blackbox"


class EndpointType(StrEnum):
    """The kind of an endpoint: whether requests there are acted upon."""

    PRODUCTION = "production"
    TEST = "test"


class Status(StrEnum):
    """The status of a request."""

    OPEN = "open"
    CLOSED = "closed"


class Commas(plain.List[Any]):
    """A list of words with commas between them; empty words are ignored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return super()._deserialize([word.strip() for word in value.split(",") if word.strip()], attr, data, **kwargs)


def _degrees(about: str, most: int) -> plain.Float:
    return plain.Float(allow_none=True, validate=validate.Range(-most, most), metadata={"description": about})


def _commas(one: plain.Field[Any], about: str) -> Commas:
    return Commas(one, validate=validate.Length(max=limits.OPEN311_REQUESTS), metadata={"description": about})


class Asked(Schema):
    """The parameters that every resource accepts."""

    jurisdiction_id = fields.name("the deployment's, where it has one", optional=True)


class RequestSearch(Asked):
    """The query parameters of requests. A parameter without a value is ignored; one may occur several times, or with commas."""

    service_request_id = _commas(fields.ident("an id"), "these requests; overrides all other arguments")
    service_code = _commas(fields.ident("a code"), "only of these services")
    start_date = fields.instant("requested at this instant or later; alone, up to 90 days from it", optional=True)
    end_date = fields.instant("requested at this instant or earlier; alone, up to 90 days before it", optional=True)
    status = _commas(fields.code(Status, "a status"), "only those that stand there")


class RequestForm(Asked):
    """A whistle as GeoReport sends it. Each `attribute[code]` that a client sends becomes a line of the text."""

    api_key = fields.text("an account's token, where it does not come as a bearer token", optional=True)
    service_code = fields.ident("a service's code")
    lat = _degrees("degrees north, WGS-84; with `long`, or else `address_id` or `address_string` is needed", 90)
    long = _degrees("degrees east, WGS-84", 180)
    address_string = fields.text("where, in words", most=limits.ADDRESS, optional=True)
    address_id = fields.ident("where, as the code of an area or estate", optional=True)
    email = fields.name("address for e-mail; becomes a line of the text", optional=True)
    device_id = fields.text("not kept", optional=True)
    account_id = fields.text("not kept", optional=True)
    first_name = fields.name("given name", optional=True)
    last_name = fields.name("family name", optional=True)
    phone = fields.name("exactly one telephone number", optional=True)
    description = fields.text("what is the matter", optional=True)
    media_url = fields.text("address of a picture; becomes a line of the text", optional=True)


class Service(Schema):
    """A kind of request that is accepted."""

    element: ClassVar[str] = "service"

    service_code = fields.ident("code of the category")
    service_name = fields.text("what it is called")
    description = fields.text("what belongs there", optional=True)
    metadata = fields.flag("whether there are attributes to fill in: there are none")
    type = fields.code(Type, "how the request's id is told")
    keywords = fields.text("words to find it by, with commas between them", optional=True)
    group = fields.text("what it is grouped under", optional=True)


class ServiceDefinition(Schema):
    """The attributes of a service: none."""

    element: ClassVar[str] = "service_definition"

    service_code = fields.ident("the service's code")
    attributes = plain.List(plain.Dict(), required=True, metadata={"description": "always empty"})


class RequestTaken(Schema):
    """The request was stored."""

    element: ClassVar[str] = "request"

    service_request_id = fields.ident("the request's id: the ticket's")
    service_notice = fields.text("to be told to the reporter at once; left out where there is no danger", optional=True)


class TokenRead(Schema):
    """The request that belongs to a token."""

    element: ClassVar[str] = "request"

    service_request_id = fields.ident("the request's id: the ticket's")
    token = fields.ident("the token")


class ServiceRequest(Schema):
    """The current state of a request: the reporter's text for its sender alone, and as the place its estate or area."""

    element: ClassVar[str] = "request"

    service_request_id = fields.ident("the ticket's id")
    status = fields.code(Status, "closed: there is nothing more to be done")
    status_notes = fields.text("where it stands, in words", optional=True)
    service_name = fields.text("what its service is called")
    service_code = fields.ident("its service's code")
    description = fields.text(
        "the reporter's words, for the account that sent them; private, and so null for others", optional=True
    )
    service_notice = fields.text("to be told to the reporter at once; left out where there is no danger", optional=True)
    requested_datetime = fields.instant("when it was made")
    updated_datetime = fields.instant("when it changed last; of a closed one, when it was closed")
    address = fields.text("what the estate is called or, outside of estates, the area", optional=True)
    address_id = fields.ident("code of that estate or area")
    lat = _degrees("degrees north, WGS-84, of its middle; null where it is not on the map", 90)
    long = _degrees("degrees east, WGS-84", 180)
    media_url = fields.text("null: pictures are private", optional=True)


class ServiceError(Schema):
    """The reason why a request was refused."""

    element: ClassVar[str] = "error"

    code = plain.Integer(required=True, metadata={"description": "the status, or the one that says more exactly why it is 400"})
    description = plain.String(required=True, metadata={"description": "what is wrong; never a value that was sent"})


class DiscoveredEndpoint(Schema):
    """An endpoint that implements the standard."""

    element: ClassVar[str] = "endpoint"

    specification = fields.text("the standard")
    url = fields.text("where")
    changeset = fields.text("sortable: when the services changed last")
    type = fields.code(EndpointType, "whether it is acted upon")
    formats = plain.List(fields.text("a media type"), required=True, metadata={"description": "what answers can be"})


class Discovery(Schema):
    """The endpoints and the contact."""

    element: ClassVar[str] = "discovery"

    changeset = fields.text("sortable: when this changed last")
    contact = fields.text("whom to ask")
    key_service = fields.text("how to get an api_key")
    endpoints = fields.parts(DiscoveredEndpoint, "where", 10)
