"""What an operations team edits: durations, and errors with the file's name."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_files import BadConfig, duration, durations, read_yaml


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10min", 600), ("2h", 7200), ("7d", 604800), ("0s", 0), ("5 min", 300)]
)
def test_a_duration(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", 5, "s", "-1s", "1.5h", "1h30min", "1w", "h1", "1h\n", None, True, ["1h"]])
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


@dataclass
class _Clocks:
    sign: timedelta = timedelta(hours=1)
    verify: timedelta = timedelta(hours=2)


def test_durations_are_those_of_the_shape() -> None:
    assert durations({"sign": "5min"}, _Clocks) == {"sign": timedelta(minutes=5)}
    assert durations(None, _Clocks) == {}


@pytest.mark.parametrize("loaded", [{"sing": "5min"}, {"sign": "5"}, ["sign"], "5min"])
def test_durations_of_another_shape_are_refused(loaded: Any) -> None:
    with pytest.raises(BadConfig):
        durations(loaded, _Clocks)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\xff", None], ids=["yaml", "bytes", "missing"])
def test_a_bad_file_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadConfig, match=r"bad\.yaml"):
        read_yaml(file)
