"""Canonical JSON: one text for each value, so that a hash of the text is a hash of the value.

From version 3 of the log's format on it is RFC 8785 (JCS), by the library `rfc8785`. Versions 1 and 2 sorted the keys by code
point and wrote numbers as Python does; for what the events contain the two agree except for floating-point numbers, which
RFC 8785 writes as ECMAScript does, and for integers beyond 2^53.
"""

import json
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """Return a JSON value in UTF-8 as RFC 8785 defines it.

    Raises ValueError for what has no such form: NaN, infinity, an integer that is no IEEE 754 double, a lone surrogate. Raises
    RecursionError for a value nested too deep.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        # every number of RFC 8785 is a double; Python reads the text of a large one as an integer
        return rfc8785.dumps(_with_doubles(value))


def _with_doubles(value: Any) -> Any:
    """Return a value with doubles in place of integers beyond 2^53: of those that equal one, or are the text of one."""
    if isinstance(value, dict):
        return {name: _with_doubles(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_doubles(one) for one in value]
    if type(value) is int and 2**53 <= abs(value) < 2**1023:
        double = float(value)
        return double if double == value or rfc8785.dumps(double) == str(value).encode() else value
    return value


def canonical_2(value: Any) -> bytes:
    """Return a JSON value in UTF-8 as format version 2 wrote it. Raises ValueError and RecursionError as `canonical` does."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
