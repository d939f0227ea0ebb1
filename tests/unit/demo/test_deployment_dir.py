"""An embedded home: secrets are made once, and nothing is thrown away that is not a demonstration's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.configuration.identities import Identities
from cli.deployment_dir import DeploymentDir, DeploymentDirInUse, NotDisposable

ACCOUNTS = [{"id": "desk", "roles": ["desk"]}]


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Who holds a home makes files for nobody else; the other tests' files are as before."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    home = DeploymentDir(tmp_path)
    home.prepare(ACCOUNTS, tmp_path, 0)
    before = home.tokens(), home.settings()
    home.prepare(ACCOUNTS, tmp_path, 0)
    assert (home.tokens(), home.settings()) == before
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in ("secret", "tokens.yaml", "settings.env"))


def test_an_account_that_is_new_gets_a_token_and_the_others_keep_theirs(tmp_path: Path) -> None:
    home = DeploymentDir(tmp_path)
    home.prepare(ACCOUNTS, tmp_path, 0)
    before = home.tokens()
    home.prepare([*ACCOUNTS, {"id": "hotline", "roles": ["producer"]}], tmp_path, 0)
    assert home.tokens() == before | {"hotline": home.tokens()["hotline"]}
    actor = Identities.load(tmp_path / "identities.yaml").by_token(home.tokens()["hotline"])
    assert actor is not None
    assert actor.roles == {"producer"}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with DeploymentDir(tmp_path).held(), pytest.raises(DeploymentDirInUse, match=str(tmp_path)), DeploymentDir(tmp_path).held():
        pass
    with DeploymentDir(tmp_path).held():
        pass


def test_what_the_demonstration_made_is_emptied(tmp_path: Path) -> None:
    home = DeploymentDir(tmp_path / "demo")
    for _ in range(2):
        with home.held():
            home.empty()
            assert {one.name for one in home.path.iterdir()} == {"lock", "disposable"}
            home.prepare(ACCOUNTS, tmp_path, 0)
            (home.path / "tickets-files" / "ab").mkdir(parents=True)


def test_a_deployment_that_is_to_last_is_not_emptied(tmp_path: Path) -> None:
    home = DeploymentDir(tmp_path)
    home.prepare(ACCOUNTS, tmp_path, 0)
    before = sorted(tmp_path.iterdir())
    with home.held(), pytest.raises(NotDisposable, match="no demonstration made"):
        home.empty()
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "lock"])


def test_what_the_environment_says_of_another_deployment_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = DeploymentDir(tmp_path)
    home.prepare(ACCOUNTS, tmp_path, 0)
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "WHISTLE_TICKETS_SECRET": "another", "WHISTLE_AMQP_URL": "amqp://"})
    home.apply_alone()
    assert os.environ == {"PATH": "/bin", **home.settings()}
