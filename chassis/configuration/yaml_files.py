"""Reading of YAML files that operators edit. Each error names the file, the path in it and the reason."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from chassis.configuration.yaml_core import InvalidYaml, load_yaml
from chassis.errors import OperatorError


class BadConfig(OperatorError):
    """A configuration file is invalid. Raised at start; the message names the file, the path within it and the error."""


_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")


def read_yaml(path: Path) -> Any:
    """Return a file's content, read as YAML 1.2. Raises BadConfig."""
    try:
        return load_yaml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, InvalidYaml) as unreadable:
        raise BadConfig(f"{path}: {unreadable}") from None


def duration(text: Any) -> timedelta:
    """Parse ``90s``, ``10min``, ``2h`` or ``7d`` of elapsed time. Raises ValueError."""
    match = _DURATION.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is no duration: want a number and s, min, h or d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def durations(loaded: Any, shape: type) -> dict[str, timedelta]:
    """Return the fields of a dataclass of durations that the file sets. Raises BadConfig."""
    if loaded is None:
        return {}
    known = {field.name for field in fields(shape)}
    if not isinstance(loaded, dict) or loaded.keys() - known:
        raise BadConfig(f"{shape.__module__}: want only the keys {', '.join(sorted(known))}")
    try:
        return {name: duration(text) for name, text in loaded.items()}
    except ValueError as wrong:
        raise BadConfig(f"{shape.__module__}: {wrong}") from None
