"""Operations that take or return a file in place of JSON, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from marshmallow import Schema

from contracts.http.operation import Operation
from contracts.http.problem import OF_COMMANDS

TOKEN = "token"
"""The query parameter of an upload with the signed link of a sender without an account."""
OTHER_CONTENT = "The content is not of the type that Content-Type says."
"""The error of a file whose first bytes contradict its declared media type."""

OF_UPLOADS: Mapping[HTTPStatus, str] = {
    **OF_COMMANDS,
    HTTPStatus.BAD_REQUEST: "The Idempotency-Key is missing or bad.",
    HTTPStatus.CONFLICT: "The Idempotency-Key was used before, with another file.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Content-Type names no media type that is taken here.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The file is refused, or the rules forbid it. Nothing is changed; the key stays unused.",
    HTTPStatus.TOO_MANY_REQUESTS: "This sender has too many uploads open. Wait for the answers, then ask again.",
}
"""The problems of every upload, besides those of every operation."""


class FileContent(Schema):
    """The bytes of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Operation):
    """A command whose body is one file. It has an Idempotency-Key as any other command.

    ``own_role`` may give it for tickets of its own. With ``by_link`` a sender without an account sends a signed link as the
    query parameter ``token``.
    """

    file: str
    """The name of the file in the errors of a problem."""
    media_types: tuple[str, ...]
    """The accepted values of Content-Type. The first bytes of the file have to agree."""

    def __post_init__(self) -> None:
        self.check_placeholders()
        if self.body is not None or not self.media_types:
            raise TypeError(f"{self.id}: the body of an upload is a file of one of its media types")
        if self.by_link and (self.search is None or TOKEN not in self.search().fields):
            raise TypeError(f"{self.id}: without a query parameter `{TOKEN}` nobody can come by a link")

    def problems(self) -> dict[HTTPStatus, str]:
        # `super()` does not work in a dataclass with slots
        return dict(sorted({**Operation.problems(self), **OF_UPLOADS, **self.refusals}.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Download(Operation):
    """A query whose answer is one file."""

    media_type: str
    answer: type[Schema] = FileContent
