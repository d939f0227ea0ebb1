"""A printed command is typed as it is printed, wherever the program is."""

import subprocess
import sys
from pathlib import Path

import pytest

from chassis.command_line import as_typed


@pytest.fixture
def bin_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory `.venv/bin` of a checkout with a blank in its path. The checkout is the working directory."""
    made = tmp_path / "a checkout" / ".venv" / "bin"
    made.mkdir(parents=True)
    (made / "whistle").write_text("#!/bin/sh\necho whistle: $*\n")
    (made / "whistle").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(made / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path / "a checkout")
    return made


def _run(command: str) -> str:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.strip()


def test_a_program_of_the_checkout_is_named_by_its_relative_path(bin_directory: Path) -> None:
    assert as_typed("migrate tickets") == ".venv/bin/whistle migrate tickets"
    assert _run(as_typed("migrate tickets")) == "whistle: migrate tickets"


def test_a_program_elsewhere_is_named_by_its_whole_path(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr")
    assert as_typed("topology") == f"'{bin_directory}/whistle' topology"
    assert _run(as_typed("topology")) == "whistle: topology"


def test_a_program_on_the_path_is_named_by_its_name(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{bin_directory}:/usr/bin:/bin")
    assert as_typed("topology") == "whistle topology"


def test_another_program_of_the_same_name_is_not_meant(bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = bin_directory.parent / "other"
    other.mkdir()
    (other / "whistle").write_text("#!/bin/sh\n")
    (other / "whistle").chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}:/usr/bin:/bin")
    assert as_typed("topology") == ".venv/bin/whistle topology"


def test_without_a_program_the_module_is_named(bin_directory: Path) -> None:
    (bin_directory / "whistle").unlink()
    assert as_typed("topology") == f"'{bin_directory}/python' -m cli.main topology"
