"""Every file that an operations team edits is read by the service's own loader, with its commented examples as well."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.identities import read_accounts
from chassis.configuration.yaml_files import read_yaml
from cli.demo.boards import read_boards
from cli.demo.complaints import read_complaints
from cli.demo.rules import read_rules as read_street
from cli.demo.words import read_words
from cli.directory import checked as read_directory
from console.names import read_names
from services.dispatch.config import load_clocks, load_playbook, load_police_matters
from services.ledger.config import load_rules as read_ledger
from services.ledger.signing_keys import read_keys
from services.notify.config import load_channels, load_templates
from services.tickets.config import read_rules as read_tickets
from services.tickets.open311.service_catalog import read_service_catalog
from tests.kit.deployment import ROOT

DEPLOY = ROOT / "deploy"
LOADERS: dict[str, Callable[[Path], Any]] = {
    "channels.example.yaml": load_channels,
    "clocks.yaml": load_clocks,
    "demo/accounts.yaml": read_accounts,
    "demo/boards.yaml": read_boards,
    "demo/complaints.yaml": read_complaints,
    "demo/directory.yaml": lambda path: read_directory(read_yaml(path), str(path)),
    "demo/behaviour.yaml": read_street,
    "demo/words.yaml": read_words,
    "identities.example.yaml": read_accounts,
    "ledger-keys.example.yaml": read_keys,
    "ledger.yaml": read_ledger,
    "names.yaml": lambda path: read_names(path.parent),
    "notices.yaml": load_templates,
    "open311.yaml": lambda path: read_service_catalog(path.parent),
    "playbooks/police.yaml": load_playbook,
    "playbooks/xianlinli.yaml": load_playbook,
    "police_matters.yaml": load_police_matters,
    "tickets.yaml": read_tickets,
}
EXAMPLE = re.compile(r"^#\S.*\n(?:#(?:\S|  ).*\n)*", re.M)
"""An example begins with a `#` and no space, and goes on with the lines that are indented below. `# ` begins an explanation."""


def _uncommented(name: str) -> str:
    """The text of a file of which each example is in force."""
    return EXAMPLE.sub(lambda example: re.sub("^#", "", example[0], flags=re.M), (DEPLOY / name).read_text("utf-8"))


def _copy(name: str, tmp_path: Path, text: str) -> Path:
    """The deploy directory with another text of one file."""
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    file = tmp_path / "deploy" / name
    file.write_text(text, "utf-8")
    return file


def test_every_file_has_a_loader() -> None:
    of_others = {"alertmanager", "prometheus"}  # their own programs read them
    found = {path.relative_to(DEPLOY) for path in DEPLOY.rglob("*.y*ml")}
    written = {"identities.yaml", "channels.yaml", "ledger-keys.yaml"}  # where somebody runs a deployment from this checkout
    assert {str(path) for path in found if path.parts[0] not in of_others} - written == set(LOADERS)


@pytest.mark.parametrize("name", LOADERS)
def test_a_file_loads_as_it_is(name: str) -> None:
    assert LOADERS[name](DEPLOY / name)


@pytest.mark.parametrize("name", [name for name in LOADERS if EXAMPLE.search((DEPLOY / name).read_text("utf-8"))])
def test_a_file_loads_with_its_commented_examples(name: str, tmp_path: Path) -> None:
    file = _copy(name, tmp_path, _uncommented(name))
    assert read_yaml(file) != read_yaml(DEPLOY / name)
    assert LOADERS[name](file)


@pytest.mark.parametrize("name", LOADERS)
def test_a_commented_example_is_marked_as_one(name: str) -> None:
    """A comment that begins a mapping, or an entry of one, is an example and has no space after its `#`."""
    for line in EXAMPLE.sub("", (DEPLOY / name).read_text("utf-8")).splitlines():
        assert not re.fullmatch(r"\s*# +[\w-]+:\s*(\[.*\]|\{.*\}|\d\S*)?", line), line


def test_the_holidays_of_the_example_are_off(tmp_path: Path) -> None:
    calendar, _ = load_clocks(_copy("clocks.yaml", tmp_path, _uncommented("clocks.yaml")))
    assert [calendar.workday(date(2031, 1, day)) for day in (1, 2, 19, 22, 28, 29)] == [False, True, True, False, False, True]


QUOTED = re.compile(r"\"(?!\d+\")([\w:.-]+)\"")
"""A word, time or day in quotes; digits alone need theirs, since they would be a number."""


@pytest.mark.parametrize("name", [name for name in LOADERS if QUOTED.search((DEPLOY / name).read_text("utf-8"))])
def test_words_times_and_days_need_no_quotes(name: str, tmp_path: Path) -> None:
    plain = QUOTED.sub(r"\1", (DEPLOY / name).read_text("utf-8"))
    file = _copy(name, tmp_path, plain)
    assert read_yaml(file) == read_yaml(DEPLOY / name)
    assert LOADERS[name](file)


def test_the_times_of_clocks_and_channels_may_be_written_either_way(tmp_path: Path) -> None:
    for name in ("clocks.yaml", "channels.example.yaml"):
        text = (DEPLOY / name).read_text("utf-8")
        quoted = re.sub(r"(\d\d:\d\d)(?=[,}])", r'"\1"', text)
        assert quoted != text
        file = tmp_path / name
        file.write_text(quoted, "utf-8")
        assert read_yaml(file) == read_yaml(DEPLOY / name)
