"""One thing that can be asked of a service over HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from marshmallow import Schema

from contracts import schema_fields as fields
from contracts.http.problem import OF_COMMANDS, OF_EVERYTHING, OF_PUBLIC, OF_SEARCHES
from contracts.payload import Part

IDEMPOTENCY_KEY = "Idempotency-Key"
KEY_PATTERN = r"[!-~]{1,128}"
"""1 to 128 visible ASCII characters: what every client and log repeats exactly, and short enough for `ce-causationid`."""

_PLACEHOLDER = re.compile(r"{(\w+)}")


class PathValues(Schema):
    """The values in a path: each is an id, or the code of something."""

    value = fields.ident("an id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is asked, by whom, and what is answered.

    With a ``body`` it is a command: it changes something, and an Idempotency-Key makes repeating it harmless. Without one it is
    a query. ``refusals`` are the answers that are its own, beside those that every query or command can give.
    """

    method: Literal["GET", "POST"]
    path: str
    """With a placeholder for each id: ``/tickets/{ticket}``."""
    id: str
    summary: str
    role: str
    """The role that the account needs."""
    own_role: str | None = None
    """An account that lacks the role may ask with this one, for what is its own; all else is not there for it."""
    personal: bool = False
    """A query whose answer depends on the account that asks: the method gets it."""
    public: bool = False
    """A query that needs no account. A browser gets a page."""
    by_link: bool = False
    """Whoever has no account may come without a token, with a signed link in the body's field ``link``."""
    status: HTTPStatus
    answer: type[Schema]
    body: type[Part] | type[Schema] | None = None
    """A part, which the method gets; of a form of a standard the schema, and the method gets what it loads."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What each placeholder of the path stands for."""
    search: type[Schema] | None = None
    """What may stand behind the question mark of a query, each at most once; anything else there is refused."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers of the answer, and what they say."""
    refusals: Mapping[HTTPStatus, str] = field(default_factory=dict)
    asked: Mapping[str, Any] | None = None
    """An example of the body; None where the contracts have a sample of it."""
    answered: Mapping[str, Any] = field(default_factory=dict)
    """An example of the answer."""

    def __post_init__(self) -> None:
        if set(self.placeholders()) != set(self.parameters):
            raise TypeError(f"{self.id}: every placeholder of {self.path} wants a description, and nothing else does")
        if self.by_link and (self.body is None or "link" not in self.body_fields):
            raise TypeError(f"{self.id}: without a field `link` in its body nobody can come by a link")
        if self.own_role and (self.body or self.search):
            raise TypeError(f"{self.id}: what is an account's own is asked for by name alone")
        if self.search and self.body:
            raise TypeError(f"{self.id}: a command says what it wants in its body")

    @property
    def body_schema(self) -> type[Schema] | None:
        """The schema that the body is checked by."""
        return self.body.schema if self.body is not None and issubclass(self.body, Part) else self.body

    @property
    def body_fields(self) -> frozenset[str]:
        """The names of the body's fields."""
        return frozenset(self.body_schema().fields) if self.body_schema else frozenset()

    def placeholders(self) -> list[str]:
        """The names in the path, in its order."""
        return _PLACEHOLDER.findall(self.path)

    def at(self, **values: str) -> str:
        """The path for these values."""
        return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.path)

    def problems(self) -> dict[HTTPStatus, str]:
        """Every problem it can answer with, and when. The chassis adds 405 for another method and 500 for the unforeseen."""
        everything = OF_PUBLIC if self.public else OF_EVERYTHING
        common = everything | (OF_COMMANDS if self.body else {}) | (OF_SEARCHES if self.search else {})
        return dict(sorted({**common, **self.refusals}.items()))
