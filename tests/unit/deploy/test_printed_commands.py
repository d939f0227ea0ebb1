"""Every command that README and the documents print is one that runs: its program, subcommand and options are there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from chassis.configuration.yaml_core import load_yaml
from cli.main import main
from tests.kit.deployment import ROOT
from tests.kit.document_commands import command_lines, command_names

SERVICES = load_yaml((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
OF_WHISTLE = {name for name, one in SERVICES.items() if one["image"].startswith("whistle:") and "entrypoint" not in one}
TARGETS = set(re.findall(r"^([a-z.-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
RUN_TAKES_A_VALUE = {"-e", "-v", "--env", "--volume"}
TYPED, NAMED = command_lines(), command_names()


def of(*programs: str) -> list[list[str]]:
    """The commands of some programs, each once."""
    return [list(words) for words in dict.fromkeys(tuple(words) for words in [*TYPED, *NAMED] if words[0] in programs)]


def _whistles() -> Iterator[list[str]]:
    """The words after `whistle`, wherever they are typed: in a checkout, or in a container."""
    for words in of(".venv/bin/whistle", "whistle"):
        # "whistle dead count, list, show SERVICE" names several
        several = [word for word in words[1:] if word.endswith(",")]
        if several:
            at = words.index(several[0])
            names = [word.rstrip(",") for word in words[at : at + len(several) + 1]]
            yield from ([*words[1:at], name] for name in names)
        else:
            yield words[1:]
    for words in of("docker"):
        if words[1:3] == ["compose", "run"]:
            rest = list(_after_options(words[3:]))
            if rest[0] in OF_WHISTLE:
                yield rest[1:]


def _after_options(words: list[str]) -> Iterator[str]:
    """The service and its words: without the options of `docker compose run`."""
    rest = iter(words)
    for word in rest:
        if word in RUN_TAKES_A_VALUE:
            next(rest)
        elif not word.startswith("-"):
            yield word
            yield from rest


def test_the_pages_print_commands_of_every_kind() -> None:
    assert {words[0] for words in TYPED} >= {"make", ".venv/bin/whistle", "docker"}
    assert {words[0] for words in NAMED} == {"make", "whistle"}


def test_a_command_that_is_to_be_typed_names_the_program_by_its_path() -> None:
    """`whistle` alone is on nobody's PATH: it stands in sentences, as the command's name."""
    assert [words for words in TYPED if words[0] == "whistle"] == []


@pytest.mark.parametrize("words", list(_whistles()), ids=" ".join)
def test_a_command_of_whistle_is_there_with_its_options(words: list[str]) -> None:
    """Its arguments need not be there. A value follows an option that a sentence names without one."""
    value = ["value"] if words[-1].startswith("--") else []
    done = CliRunner().invoke(main, [*words, *value, "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("words", of("make"), ids=" ".join)
def test_a_target_of_make_is_there(words: list[str]) -> None:
    assert {word for word in words[1:] if "=" not in word and word.isascii()} <= TARGETS


@pytest.mark.parametrize("words", of("docker"), ids=" ".join)
def test_a_service_that_docker_compose_is_told_is_there(words: list[str]) -> None:
    assert words[1] == "compose"
    told = {re.split("[=:]", word)[0] for word in words[3:]} & {*SERVICES}
    assert told or words[2] in ("ps", "up", "down", "restart", "build")


@pytest.mark.parametrize("words", of("sh", ".venv/bin/python"), ids=" ".join)
def test_a_script_is_there(words: list[str]) -> None:
    assert (ROOT / words[1]).is_file()


def test_the_installed_program_is_the_command_line() -> None:
    script = re.search(r'^whistle = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert script is not None
    assert script[1] == f"{main.callback.__module__}:main" if main.callback else False


def test_make_demo_and_make_run_start_what_they_say() -> None:
    for target, command in (("demo", "demo"), ("run", "embedded")):
        done = subprocess.run(
            ["make", "-n", "-o", ".venv/.installed", target], cwd=ROOT, capture_output=True, text=True, check=True
        )
        [line] = [line for line in done.stdout.splitlines() if "bin/whistle" in line]
        assert line.split()[:2] == [".venv/bin/whistle", command]
