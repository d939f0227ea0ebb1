"""The HTTP operations of tickets for the photographs of a matter."""

from http import HTTPStatus

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.http.files import Download, Upload
from contracts.photographs import JPEG, MEDIA_TYPES


class Photograph(Schema):
    """A photograph of a matter. It is an image without metadata; a location that the file named is a field."""

    id = fields.ident("the photograph's id, within the ticket")
    by = fields.ident("the account that attached it; none where a resident did by a link", optional=True)
    purpose = fields.code(codes.LinkPurpose, "what that link was for; none where an account attached it", optional=True)
    made_at = fields.instant("when it was attached")
    bytes = fields.count("the size of the stored image")
    width = fields.count("in pixels")
    height = fields.count("in pixels")
    lat = fields.degrees("degrees north of where it was taken in WGS-84, where the file says so", 90, optional=True)
    lon = fields.degrees("degrees east", 180, optional=True)


class PhotographAttached(Schema):
    """The photograph is stored with the ticket."""

    ticket = fields.ident("the ticket's id")
    photograph = fields.ident("the photograph's id, within the ticket")
    width = fields.count("of the stored image, in pixels")
    height = fields.count("of the stored image, in pixels")
    bytes = fields.count("the size of the stored image")


class PhotographSearch(Schema):
    """The query parameter of a resident's photograph."""

    token = plain.String(
        validate=[validate.Length(1, 1000), fields.unicode],
        metadata={"description": "a signed link of the ticket, of any purpose, in place of an account"},
    )


_ID, _PHOTOGRAPH = "TMFQWCZLOEBSG44DF", "PNB2HI4DTHIXS6ZTB"
EXAMPLE = {
    "id": _PHOTOGRAPH,
    "by": "responders",
    "purpose": None,
    "made_at": "2026-03-03T11:20:00+08:00",
    "bytes": 284_113,
    "width": 1200,
    "height": 1600,
    "lat": 34.3412,
    "lon": 108.9398,
}

ATTACH_PHOTOGRAPH = Upload(
    method="POST",
    path="/tickets/{ticket}/photographs",
    id="attachPhotograph",
    summary="Attach a photograph to a ticket. The same picture twice is one photograph.",
    role="desk",
    own_role="responder",
    by_link=True,
    status=HTTPStatus.ACCEPTED,
    file="photograph",
    media_types=MEDIA_TYPES,
    answer=PhotographAttached,
    search=PhotographSearch,
    parameters={"ticket": "The ticket's id."},
    headers={"Location": "Address of the image."},
    refusals={
        HTTPStatus.NOT_FOUND: "No such ticket; or none that a unit of the account works on.",
        HTTPStatus.GONE: "The link has expired.",
    },
    answered={"ticket": _ID, "photograph": _PHOTOGRAPH, "width": 1200, "height": 1600, "bytes": 284_113},
)

GET_PHOTOGRAPH = Download(
    method="GET",
    path="/tickets/{ticket}/photographs/{photograph}",
    id="getPhotograph",
    summary="The image of a photograph, as JPEG without metadata. The account that reads it is logged.",
    role="desk",
    own_role="responder",
    status=HTTPStatus.OK,
    media_type=JPEG,
    parameters={"ticket": "The ticket's id.", "photograph": "The photograph's id."},
    refusals={HTTPStatus.NOT_FOUND: "No such ticket or photograph; or none that a unit of the account works on."},
)

OPERATIONS = (ATTACH_PHOTOGRAPH, GET_PHOTOGRAPH)
