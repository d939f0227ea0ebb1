"""The query parameters of a list that is read page by page."""

import re
from typing import Any

from marshmallow import fields as plain
from marshmallow import validate

from contracts import marshmallow_fields as fields

PAGE, LONGEST_PAGE = 50, 200
"""The default and the largest number of items on a page."""
CURSOR = 800
"""The longest text that says where a page begins, in characters."""


class Digits(plain.Integer):
    """An integer in a query string: Python would also read 1_0, +5 and the digits of other scripts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if re.fullmatch("[0-9]{1,9}", str(value)) is None:
            raise self.make_error("invalid", input=value)
        return int(value)


def limit(about: str) -> Digits:
    """Return the parameter that limits the number of items on a page."""
    return Digits(load_default=PAGE, validate=validate.Range(1, LONGEST_PAGE), metadata={"description": about})


def after() -> plain.String:
    """Return the parameter that says where a page begins, as an opaque text."""
    return fields.ident("only what comes after the page before: its `next`", most=CURSOR, optional=True)


def following() -> plain.String:
    """Return the field of a page that says where the next one begins."""
    return fields.ident("where the next page begins; null where there is none", most=CURSOR, optional=True)


def yes_or_no(about: str) -> plain.Boolean:
    """Return a parameter that is `true` or `false`, and no other word for one of them."""
    return plain.Boolean(truthy={"true"}, falsy={"false"}, metadata={"description": about})
