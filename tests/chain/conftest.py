"""One deployment for all stories, of each kind: each story has a ticket of its own."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.chain import Chain
from tests.kit.deployment import ROOT
from tests.kit.embedded import EmbeddedStack, embedded_stack
from tests.kit.stack import Stack, stack

EXTRA = Path(__file__).parent / "extra"
"""Categories and playbooks that no community has, for what the real ones do not use."""


KINDS = ["servers", "embedded"]


@pytest.fixture(params=KINDS)
def chain(request: pytest.FixtureRequest) -> Chain:
    """The four services at work, over the real servers or in one process, and somebody who hears everything."""
    told: Chain = request.getfixturevalue(f"chain_over_{request.param}")
    return told


@pytest.fixture(params=KINDS)
def chain_of_its_own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    """The same, for a story that changes what all others rely on."""
    with ExitStack() as held:
        yield _chain(request.param, request, tmp_path, held)


# each lives as long as the stories do, whatever file they are in; idle services would slow down all other tests


@pytest.fixture(scope="package")
def chain_over_servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Four processes over PostgreSQL and RabbitMQ."""
    with ExitStack() as held:
        yield _chain("servers", request, tmp_path_factory.mktemp("chain"), held)


@pytest.fixture(scope="package")
def chain_over_embedded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """One process over four files."""
    with ExitStack() as held:
        yield _chain("embedded", request, tmp_path_factory.mktemp("chain"), held)


def _chain(kind: str, request: pytest.FixtureRequest, scratch: Path, held: ExitStack) -> Chain:
    deployed: Stack | EmbeddedStack
    if kind == "embedded":
        deployed = held.enter_context(embedded_stack())
    else:
        servers = (request.getfixturevalue(f"{name}_server") for name in ("postgres", "rabbit"))
        deployed = held.enter_context(stack(*servers))
    shutil.copytree(ROOT / "deploy", scratch / "deploy")
    shutil.copytree(EXTRA, scratch / "deploy", dirs_exist_ok=True)
    deployed.whistle("directory", "load", str(EXTRA / "directory.yaml"))
    deployed.start(WHISTLE_CONFIG_DIR=str(scratch / "deploy"))
    told = Chain(deployed)
    held.callback(told.close)
    return told
