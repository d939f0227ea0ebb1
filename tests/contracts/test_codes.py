"""Each enumeration of codes has one definition: the contracts', where a service and what it publishes share one."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from enum import StrEnum

import chassis
import cli
import contracts
import services


def test_no_two_enumerations_have_the_same_codes() -> None:
    defined: dict[frozenset[str], list[str]] = defaultdict(list)
    for package in (contracts, chassis, services, cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in module.name or module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, type) and issubclass(value, StrEnum) and value.__module__ == module.name:
                    defined[frozenset(value)].append(f"{module.name}.{name}")
    assert [names for names in defined.values() if len(names) > 1] == []
