"""Times on the command line are told in the deployment's zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.configuration.yaml_files import BadConfig
from cli import local_time

EVENING = datetime(2026, 12, 31, 20, 30, 5, 999, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A deployment's directory, where nothing is yet."""
    monkeypatch.setenv("WHISTLE_CONFIG_DIR", str(tmp_path))
    local_time.zone.cache_clear()
    yield tmp_path
    local_time.zone.cache_clear()


def test_a_time_is_told_in_the_deployments_zone_with_its_year(directory: Path) -> None:
    (directory / "clocks.yaml").write_text("zone: Asia/Shanghai\n", "utf-8")
    assert local_time.format_instant(EVENING) == "2027-01-01T04:30:05+08:00"


def test_without_a_deployment_a_time_is_told_in_utc(directory: Path) -> None:
    assert local_time.format_instant(EVENING) == "2026-12-31T20:30:05+00:00"


@pytest.mark.parametrize("text", ["zone: Nowhere/City", "zone: 8", "office_hours: []", "[]"])
def test_a_file_without_a_zone_is_refused_by_name(text: str, directory: Path) -> None:
    (directory / "clocks.yaml").write_text(text, "utf-8")
    with pytest.raises(BadConfig, match=r"clocks\.yaml: zone: "):
        local_time.format_instant(EVENING)
