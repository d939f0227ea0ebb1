"""Each enumeration of codes has one definition: the contracts', where a service and what it publishes share one."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "chassis", "services", "cli")


def enumerations() -> Iterator[tuple[str, frozenset[str]]]:
    """Every StrEnum with its codes. Read, not imported: to import all would start what a service starts with."""
    for file in (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("StrEnum") for base in node.bases):
                values = (one.value for one in node.body if isinstance(one, ast.Assign))
                codes = frozenset(str(value.value) for value in values if isinstance(value, ast.Constant))
                yield f"{file.relative_to(ROOT)}: {node.name}", codes


def test_no_two_enumerations_have_the_same_codes() -> None:
    defined: dict[frozenset[str], list[str]] = defaultdict(list)
    for name, codes in enumerations():
        defined[codes].append(name)
    assert len(defined) > 30
    assert [names for names in defined.values() if len(names) > 1] == []
