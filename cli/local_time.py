"""Times on the command line: in the zone of the deployment, with the year and the offset."""

import os
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.configuration.yaml_files import BadConfig, read_yaml

FILE = "clocks.yaml"
"""The file of the deployment's directory that names its zone."""


def format_instant(instant: datetime) -> str:
    """Return an instant to the second, such as 2026-03-02T10:00:00+08:00."""
    return instant.astimezone(zone()).isoformat(timespec="seconds")


@cache
def zone() -> tzinfo:
    """Return the zone that `clocks.yaml` names; UTC without such a file, as for an auditor who has the exported log alone."""
    file = Path(os.environ.get("WHISTLE_CONFIG_DIR", "deploy").strip()) / FILE
    if not file.is_file():
        return UTC
    loaded = read_yaml(file)
    try:
        return ZoneInfo(loaded["zone"])
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError):
        raise BadConfig(f"{file}: zone: no such time zone") from None
