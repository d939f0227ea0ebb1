"""One deployment for all stories of a module: each story has a ticket of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.chain import Chain
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import ROOT, Stack, stack


@pytest.fixture(scope="module")
def extra() -> Path | None:
    """What the deployment has beside `deploy/`: none, unless a module names a directory of the same shape."""
    return None


@pytest.fixture(scope="module")
def chain(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    extra: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chain]:
    """The four services at work, and somebody who hears everything."""
    with stack(postgres_server, rabbit_server) as deployed:
        deployed.start(**(_configured(deployed, extra, tmp_path_factory.mktemp("chain")) if extra else {}))
        told = Chain(deployed)
        yield told
        told.close()


def _configured(deployed: Stack, extra: Path, scratch: Path) -> dict[str, str]:
    """Register what is extra, and lay its files over a copy of the deployment's."""
    deployed.whistle("directory", "load", str(extra / "directory.yaml"))
    shutil.copytree(ROOT / "deploy", scratch / "deploy")
    shutil.copytree(extra, scratch / "deploy", dirs_exist_ok=True)
    return {"WHISTLE_CONFIG_DIR": str(scratch / "deploy")}
