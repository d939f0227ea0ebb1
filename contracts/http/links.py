"""The operation that shows a signed link: to its holder's browser, and to scanners that open links before people do."""

from http import HTTPStatus

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.http.operation import Operation

USABLE = "此链接有效，尚未使用。 · This link is valid and was not used yet."
OVER = "The link is outdated, expired or used: `detail` says which, for its holder."


class LinkSearch(Schema):
    """The query parameters: the link's token."""

    token = plain.String(
        required=True, validate=[validate.Length(1, 1000), fields.unicode], metadata={"description": "the signed token"}
    )


class LinkShown(Schema):
    """The link can be used: by a POST. Showing it has no effect."""

    ticket = fields.ident("the ticket's id")
    purpose = fields.code(codes.LinkPurpose, "what it is for")
    told = fields.text("the same for its holder, in Chinese and English")


def show_link(path: str, id_: str, purpose: codes.LinkPurpose) -> Operation:
    """Return the operation that shows whether a link can be used."""
    ticket = "TMFQWCZLOEBSG44DF"
    return Operation(
        method="GET",
        path=f"{path}/links/{{purpose}}",
        id=id_,
        summary="Whether a signed link can still be used, as JSON or as a page; whoever looks changes nothing.",
        role="",
        public=True,
        page=True,
        status=HTTPStatus.OK,
        answer=LinkShown,
        search=LinkSearch,
        parameters={"ticket": "The ticket's id.", "purpose": "What the link is for."},
        refusals={HTTPStatus.NOT_FOUND: "No such ticket, or no such link.", HTTPStatus.GONE: OVER},
        answered={"ticket": ticket, "purpose": purpose.value, "told": USABLE},
    )
