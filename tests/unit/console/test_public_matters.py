"""Which matters anybody may see: never a dispute, never a police matter, whatever a file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.configuration.yaml_files import BadConfig
from console.public_matters import PublicMatters, read_public_matters

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
POLICE = "police_matters: [suspected_crime]\n"


def read(directory: Path, open311: str | None, police: str | None = POLICE) -> PublicMatters:
    """Return the public matters of a deployment with these files."""
    for name, text in (("open311.yaml", open311), ("police_matters.yaml", police)):
        if text is not None:
            (directory / name).write_text(text)
    return read_public_matters(directory)


def test_the_deployments_files_name_them() -> None:
    assert read_public_matters(DEPLOY).categories == {"leak", "property_service"}


def test_a_police_matter_is_not_public_though_a_file_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, "services: {leak: {public: true}, suspected_crime: {public: true}, noise: {}}")
    assert found.categories == {"leak"}


def test_nothing_is_public_without_a_catalog(tmp_path: Path) -> None:
    assert read(tmp_path, None).categories == frozenset()


@pytest.mark.parametrize(
    ("category", "dispute", "shown"), [("leak", False, True), ("leak", True, False), ("noise", False, False)]
)
def test_a_dispute_of_a_public_category_is_not_shown(category: str, dispute: bool, shown: bool) -> None:
    assert PublicMatters(frozenset({"leak"})).includes({"category": category, "dispute": dispute}) is shown


@pytest.mark.parametrize(
    ("open311", "police", "named"),
    [
        ("services: {leak: {public: maybe}}", POLICE, "open311.yaml: services.leak"),
        ("{}", POLICE, "open311.yaml: services"),
        ("services: {}", "{}", "police_matters.yaml: police_matters"),
        ("services: {}", None, "police_matters.yaml"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, open311: str, police: str | None, named: str) -> None:
    with pytest.raises(BadConfig) as wrong:
        read(tmp_path, open311, police)
    assert named in str(wrong.value)
