"""Payloads for tests: fields that a test does not name come from the contract's smallest sample."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from contracts.generate import ROOT
from contracts.generators import samples
from contracts.payload import EventPayload

P = TypeVar("P", bound=EventPayload)


def some(payload: type[P], **named: Any) -> P:
    """Return a payload with these values. Raises TypeError for a field that it does not have."""
    return payload.of({**payload.load(_smallest()[payload.type]).by_name(), **named})


@cache
def _smallest() -> Mapping[str, Mapping[str, Any]]:
    known = sorted(samples.read(ROOT), key=lambda sample: len(list(samples.filled(sample.data))), reverse=True)
    return {sample.type: sample.data for sample in known}
