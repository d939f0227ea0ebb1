"""An HTTP operation of a service, as data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from marshmallow import Schema

from contracts import marshmallow_fields as fields
from contracts.http.problem import OF_COMMANDS, OF_EVERYTHING, OF_PUBLIC, OF_SEARCHES
from contracts.payload import Part

IDEMPOTENCY_KEY = "Idempotency-Key"
KEY_PATTERN = r"[!-~]{1,128}"
"""1 to 128 visible ASCII characters: every client and log repeats them exactly, and they fit into `ce-causationid`."""

_PLACEHOLDER = re.compile(r"{(\w+)}")


class PathValues(Schema):
    """The values in a path: each is an id or a code."""

    value = fields.ident("an id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation: its request, the role it requires, and its answer.

    With a ``body`` it is a command: it changes something, and an Idempotency-Key makes a repeat harmless. Without a body it is
    a query. ``refusals`` are the operation's own problems, besides those of every query or command.
    """

    method: Literal["GET", "POST"]
    path: str
    """The path, with a placeholder for each id: ``/tickets/{ticket}``."""
    id: str
    summary: str
    role: str
    """The role that the account needs."""
    own_role: str | None = None
    """The role with which an account that lacks ``role`` may query its own data; all other data does not exist for it."""
    personal: bool = False
    """True for a query whose answer depends on the account; the method gets the account."""
    public: bool = False
    """True for a query that needs no account."""
    page: bool = False
    """True for a public query that answers a browser with a page: the text in the answer's field `told`."""
    waits_for: str | None = None
    """The list in the answer that a query may wait for: while it is empty the query is asked again, for as many seconds as the
    search's `wait` says."""
    by_link: bool = False
    """True if a sender without an account may send a signed link in the body's field ``link`` instead of a token."""
    status: HTTPStatus
    answer: type[Schema]
    body: type[Part] | type[Schema] | None = None
    """A part, which the method gets; or the schema of a standard's form, whose loaded values the method gets."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The description of each placeholder of the path."""
    search: type[Schema] | None = None
    """The query parameters, each at most once; any other is refused."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers of the answer and their descriptions."""
    refusals: Mapping[HTTPStatus, str] = field(default_factory=dict)
    asked: Mapping[str, Any] | None = None
    """An example of the body; None if the contracts have a sample of it."""
    answered: Mapping[str, Any] = field(default_factory=dict)
    """An example of the answer."""

    def __post_init__(self) -> None:
        self.check_placeholders()
        if self.by_link and (self.body is None or "link" not in self.body_fields):
            raise TypeError(f"{self.id}: without a field `link` in its body nobody can come by a link")
        if self.own_role and (self.body or self.search):
            raise TypeError(f"{self.id}: what is an account's own is asked for by name alone")
        if self.waits_for and (self.search is None or "wait" not in self.search().fields):
            raise TypeError(f"{self.id}: without a parameter `wait` nobody says for how long it waits")
        if self.search and self.body:
            raise TypeError(f"{self.id}: a command says what it wants in its body")

    def check_placeholders(self) -> None:
        """Raise TypeError unless each placeholder of the path is described."""
        if set(self.placeholders()) != set(self.parameters):
            raise TypeError(f"{self.id}: every placeholder of {self.path} wants a description, and nothing else does")

    @property
    def body_schema(self) -> type[Schema] | None:
        """Return the schema by which the body is validated."""
        return self.body.schema if self.body is not None and issubclass(self.body, Part) else self.body

    @property
    def body_fields(self) -> frozenset[str]:
        """Return the names of the body's fields."""
        return frozenset(self.body_schema().fields) if self.body_schema else frozenset()

    def placeholders(self) -> list[str]:
        """Return the names in the path, in its order."""
        return _PLACEHOLDER.findall(self.path)

    def at(self, **values: str) -> str:
        """Return the path for these values."""
        return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.path)

    def problems(self) -> dict[HTTPStatus, str]:
        """Return every problem of this operation, with its cause. The chassis adds 405 for another method and 500 for
        unforeseen errors."""
        everything = OF_PUBLIC if self.public else OF_EVERYTHING
        common = everything | (OF_COMMANDS if self.body else {}) | (OF_SEARCHES if self.search else {})
        return dict(sorted({**common, **self.refusals}.items()))
