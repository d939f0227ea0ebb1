"""A check that cannot be made ends with status 2: status 1 says that something was found, and calls somebody."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from contracts.topology import SERVICES


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, str]:
    """The settings of four stores that are not there."""
    urls = {f"WHISTLE_{name.upper()}_DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/{name}.db" for name in SERVICES}
    return {**urls, "WHISTLE_SECRET": "a secret of the tests"}


@pytest.mark.parametrize(
    ("sent", "missing", "said"),
    [
        ("/hotline 1", (), "nowhere/tickets.db"),
        ("/hotline 1", ("WHISTLE_LEDGER_DATABASE_URL", "WHISTLE_TICKETS_DATABASE_URL"), "LEDGER_DATABASE_URL"),
        ("/hotline 1", ("WHISTLE_SECRET",), "SECRET"),
        ("/hotline", (), "line 1: want a source and an id"),
    ],
    ids=["no stores", "no settings", "no secret", "no id"],
)
def test_reconcile(sent: str, missing: tuple[str, ...], said: str, stores: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "sent.txt"
    file.write_text(sent)
    env = {**stores, **dict.fromkeys(missing)}
    done = CliRunner().invoke(main, ["reconcile", "--sent", str(file)], env=env)
    assert (done.exit_code, said in done.output) == (2, True), done.output


@pytest.mark.parametrize("option", ["--key", "--keys", "--since"])
def test_ledger_verify(option: str, tmp_path: Path) -> None:
    file, given = tmp_path / "log.jsonl", tmp_path / "given"
    file.write_text("")
    given.write_text("neither key nor checkpoint")
    done = CliRunner().invoke(main, ["ledger", "verify", option, str(given), str(file)])
    assert done.exit_code == 2, done.output
