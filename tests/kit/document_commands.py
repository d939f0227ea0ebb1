"""The commands that the documents print: shell blocks by section, and command lines wherever they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from tests.kit.deployment import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "deploy").rglob("*.md")))
COMMANDS = ("make", "whistle", ".venv/bin/whistle", ".venv/bin/python", "docker", "sh", "git", "psql")
"""The programs of command lines; lines of Python and of data begin with other words."""


def shell_blocks(page: str, section: str | None = None) -> list[str]:
    """Return the blocks marked ``sh`` of a page, or of a section by part of its heading. Raises ValueError without it."""
    text = (ROOT / page).read_text("utf-8")
    if section is not None:
        found = re.search(rf"^## [^\n]*{re.escape(section)}[^\n]*\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        if found is None:
            raise ValueError(f"{page}: no section {section!r}")
        text = found[1]
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def command_lines() -> list[list[str]]:
    """Return the words of each printed command: of shell blocks, and of indented text."""
    return [words for text in _texts() for line in _typed(text) for words in _commands(line)]


def command_names() -> list[list[str]]:
    """Return the words of each command that a sentence names as code."""
    plain = (re.sub(r"^```.*?^```", "", text, flags=re.M | re.S) for text in _texts())
    return [words for text in plain for line in re.findall(r"`((?:whistle|make) [^`]+)`", text) for words in _commands(line)]


def _texts() -> Iterator[str]:
    return (page.read_text("utf-8") for page in PAGES)


def _typed(text: str) -> list[str]:
    fenced = "\n".join(re.findall(r"^```(?:sh|text)\n(.*?)^```", text, re.M | re.S))
    indented = "\n".join(re.findall(r"^ {4,}(\S.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M))
    return f"{fenced}\n{indented}".replace("\\\n", " ").splitlines()


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line, without assignments before them and without redirections after them."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # part of a longer quotation
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if not set(word) <= set("();<>|&"):
            command.append(word)
            continue
        while command and re.fullmatch(r"\w+=.*", command[0]):
            command.pop(0)
        if command and command[0] in COMMANDS:
            yield command
        command = []
