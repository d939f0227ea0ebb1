"""A SQLite store that is damaged, read only or behind the others: every command names the file, and nothing is run on it."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chassis.persistence import Store, StoreDamaged, StoreUnavailable, wal
from cli.deployment_dir import DeploymentDir
from services.tickets.store import DEFINITION
from tests.kit.deployment import ROOT, SERVICES
from tests.kit.embedded import EmbeddedStack, embedded_stack
from tests.kit.processes import wait_until

Damage = Callable[[Path], None]
WHISTLE = {"category": "noise", "area": "shanqi-1", "estate": "yangguang", "channel": "hotline", "text": "楼上半夜放音乐"}


def no_database(file: Path) -> None:
    """Something else is written over its beginning."""
    with file.open("r+b") as opened:
        opened.write(b"not a database at all" * 10)


def torn_page(file: Path) -> None:
    """A page in the middle was never written."""
    raw = bytearray(file.read_bytes())
    for at in range(4096, len(raw), 4096):
        raw[at : at + 64] = b"\xff" * 64
    file.write_bytes(raw)


def test_an_outage_of_a_sqlite_store_names_its_file(tmp_path: Path) -> None:
    """As root nothing is read only to this process but what SQLite is told so."""
    file = tmp_path / "tickets.db"
    store = Store(f"sqlite:///{file}", DEFINITION.tables)
    DEFINITION.tables.inbox.metadata.create_all(store.engine)
    with store.engine.connect().execution_options(sqlite_begin="BEGIN") as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")
    with pytest.raises(StoreUnavailable, match=rf"^{file}: .*readonly"):
        store.probe()
    store.close()


@pytest.mark.parametrize("damage", [no_database, torn_page])
def test_a_store_that_is_damaged_while_it_is_used_is_an_outage_that_names_its_file(damage: Damage, tmp_path: Path) -> None:
    file = tmp_path / "tickets.db"
    store = Store(f"sqlite:///{file}", DEFINITION.tables)
    DEFINITION.tables.inbox.metadata.create_all(store.engine)
    store.close()
    damage(file)
    with pytest.raises(StoreDamaged, match=rf"^{file}: .*restore"):
        store.probe()
    store.close()


@pytest.fixture(scope="module")
def killed() -> Iterator[EmbeddedStack]:
    """An embedded deployment whose process was killed after it had accepted whistles."""
    with embedded_stack() as made:
        made.start()
        for number in range(3):
            # until the directory has come to tickets it takes none
            wait_until(lambda key=f"k-{number}": _takes(made, key), "a whistle is accepted", 60)  # type: ignore[misc]
        wait_until(lambda: not any(_pending(made, service) for service in SERVICES), "all is published", 60)
        made.process_of("tickets").kill()
        yield made


def _takes(stack: EmbeddedStack, key: str) -> bool:
    return stack.call("tickets", "POST", "/whistles", "app", WHISTLE, key)[0] == 202


def _pending(stack: EmbeddedStack, service: str) -> bool:
    return bool(stack.rows(service, "select 1 from outbox where state = 'pending'"))


@pytest.fixture
def home(killed: EmbeddedStack, tmp_path: Path) -> Path:
    """A copy of what it left."""
    copy = Path(shutil.copytree(_home_of(killed), tmp_path / "home"))
    (copy / "sent.txt").write_text("")
    return copy


def _home_of(stack: EmbeddedStack) -> Path:
    return Path(next(iter(stack.databases.values())).removeprefix("sqlite:///")).parent


def whistle(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a home, as an operator does; one that would go on is stopped when it says that it is up."""
    settings = {**os.environ, **DeploymentDir(home).settings(), "WHISTLE_IDENTITIES": str(home / "identities.yaml")}
    settings |= {f"WHISTLE_{service.upper()}_DATABASE_URL": f"sqlite:///{home}/{service}.db" for service in SERVICES}
    settings |= {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env=settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
    )


COMMANDS = [
    ("embedded", "--home", "{home}", "--port", "0"),
    ("migrate", "tickets"),
    ("dead", "list", "tickets"),
    ("outbox", "list", "tickets"),
    ("reconcile", "--sent", "{home}/sent.txt"),
    ("run", "tickets"),
]


def status_of(command: tuple[str, ...]) -> int:
    """The exit status of a command that fails: of a check, 1 would say that something is lost."""
    return 2 if command[0] == "reconcile" else 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_names_the_log_that_lost_a_transaction_and_leaves_it_as_it_is(
    command: tuple[str, ...], home: Path
) -> None:
    log = wal.log_of(home / "tickets.db")
    raw = bytearray(log.read_bytes())
    raw[32 + 24 + 100] ^= 1
    log.write_bytes(raw)
    done = whistle(home, *(word.format(home=home) for word in command))
    assert done.returncode == status_of(command), done.stdout
    assert "Traceback" not in done.stderr
    assert f"{log}: frame 1 is damaged" in done.stderr
    assert log.read_bytes() == raw


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("damage", [no_database, torn_page])
def test_every_command_names_the_file_that_is_damaged(damage: Damage, command: tuple[str, ...], home: Path) -> None:
    file = home / "tickets.db"
    with closing(sqlite3.connect(file)) as connection:  # what the log holds is in the file from now on
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    damage(file)
    done = whistle(home, *(word.format(home=home) for word in command))
    assert done.returncode == status_of(command), done.stdout
    assert "Traceback" not in done.stderr
    assert f"{file}: " in done.stderr


@pytest.mark.parametrize("behind", ["tickets", "dispatch"])
def test_a_store_that_lost_what_the_others_know_is_not_run_on(behind: str, killed: EmbeddedStack, home: Path) -> None:
    """Its log is gone: what was committed since the last checkpoint is, too."""
    file = home / f"{behind}.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        last = connection.execute("select max(position) from outbox").fetchone()[0]
        connection.execute("delete from outbox where position > ?", (last - 2,))
        if behind == "dispatch":
            connection.execute("delete from inbox where type = 'ticket.opened.v1' and rowid = (select max(rowid) from inbox)")
    done = whistle(home, "embedded", "--home", str(home), "--port", "0")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert re.search(rf"{file}: lost [12] of its newest events, which {home}/\w+\.db knows", done.stderr), done.stderr


def test_what_was_left_in_order_is_run_on(home: Path) -> None:
    from chassis.persistence.version import version
    from cli.store_integrity import check_stores

    urls = {service: f"sqlite:///{home}/{service}.db" for service in SERVICES}
    with check_stores(urls, accept_damage=False):
        assert version(urls["tickets"])
