"""The samples: every released shape as a whole CloudEvent in structured JSON.

They are append-only, which `contracts.generators.released` enforces.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A file ``samples/<type>/<n>-<what>.json``; ``name`` is its path below ``samples``."""

    name: str
    event: dict[str, Any]

    @property
    def type(self) -> str:
        """Return the event type, which is the folder's name."""
        return self.name.partition("/")[0]

    @property
    def data(self) -> dict[str, Any]:
        """Return the event's data."""
        data: dict[str, Any] = self.event["data"]
        return data

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the CloudEvents attributes: all but the data."""
        return {name: value for name, value in self.event.items() if name != "data"}


def read(root: Path) -> list[Sample]:
    """Return every sample below the contracts' folder, in the order of name."""
    folder = root / "samples"
    return [Sample(path.relative_to(folder).as_posix(), _load(path)) for path in sorted(folder.glob("*/*.json"))]


def richest(samples: list[Sample], type_: str) -> Sample:
    """Return the sample of a type with the most fields; the first of them by name. Raises LookupError if there is none."""
    candidates = [sample for sample in samples if sample.type == type_]
    if not candidates:
        raise LookupError(f"{type_} has no sample: write contracts/samples/{type_}/1-<what>.json")
    return max(candidates, key=lambda sample: len(list(filled(sample.data))))


def filled(data: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the fields that have a value: ``area``, ``location``, ``location.lat``, ``reached[].last``."""
    for key, value in data.items():
        if value is None:
            continue
        here = f"{path}.{key}" if path else key
        yield here
        if isinstance(value, dict):
            yield from filled(value, here)
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                yield from filled(item, f"{here}[]")


def _load(path: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event
