"""One deployment for all stories of a module: each story has a ticket of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.chain import Chain
from tests.kit.deployment import ROOT
from tests.kit.embedded import EmbeddedStack, embedded_stack
from tests.kit.stack import Stack, stack


@pytest.fixture(scope="module")
def extra() -> Path | None:
    """What the deployment has beside `deploy/`: none, unless a module names a directory of the same shape."""
    return None


@pytest.fixture(scope="module", params=["servers", "embedded"])
def deployed(request: pytest.FixtureRequest) -> Iterator[Stack | EmbeddedStack]:
    """A deployment that nobody has started: four processes over the real servers, or one over four files."""
    if request.param == "embedded":
        with embedded_stack() as in_one:
            yield in_one
    else:
        with stack(request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbit_server")) as over_servers:
            yield over_servers


@pytest.fixture(scope="module")
def chain(deployed: Stack | EmbeddedStack, extra: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The four services at work, and somebody who hears everything."""
    deployed.start(**(_configured(deployed, extra, tmp_path_factory.mktemp("chain")) if extra else {}))
    told = Chain(deployed)
    yield told
    told.close()


def _configured(deployed: Stack | EmbeddedStack, extra: Path, scratch: Path) -> dict[str, str]:
    """Register what is extra, and lay its files over a copy of the deployment's."""
    deployed.whistle("directory", "load", str(extra / "directory.yaml"))
    shutil.copytree(ROOT / "deploy", scratch / "deploy")
    shutil.copytree(extra, scratch / "deploy", dirs_exist_ok=True)
    return {"WHISTLE_CONFIG_DIR": str(scratch / "deploy")}
