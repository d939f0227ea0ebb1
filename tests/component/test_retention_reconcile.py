"""`whistle reconcile` after retention: what was removed is not missed, and what is lost beyond it is still found."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chassis.observability.health import Health
from chassis.persistence import Store
from chassis.runtime.retention import Retention
from cli.reconcile import snapshot
from cli.reconcile.checks import check_snapshot
from cli.reconcile.snapshot import StoreSnapshot, WhistleKey
from cli.reconcile.store_reader import read_snapshot
from cli.services import definition
from contracts.topology import SERVICES
from tests.kit.processes import scratch_directory
from tests.kit.stack import ROOT

WHISTLES = 6


@pytest.fixture(scope="module")
def night() -> Path:
    """Four stores of some whistles that were all closed: the demonstration, in a process of its own."""
    home = scratch_directory("retention") / "home"
    told = home.with_suffix(".json")
    words = ["demo", "--home", str(home), "--json", str(told), "--first", str(WHISTLES)]
    command = [sys.executable, "-W", "ignore", "-m", "cli.main", *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=900)
    assert json.loads(told.read_text())["lost"] == 0
    return home


@pytest.fixture
def stores(night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A copy of the four stores. The whole night took some seconds on one clock."""
    monkeypatch.setattr(snapshot, "MAX_CLOCK_SKEW", timedelta(0))
    shutil.copytree(night, tmp_path / "home")
    return {service: f"sqlite:///{tmp_path}/home/{service}.db" for service in SERVICES}


class Nobody:
    """Does not count."""

    def removed(self, table: str, count: int) -> None:
        """Nothing."""


@contextmanager
def retention(service: str, url: str) -> Iterator[Retention]:
    """A service's retention."""
    store = Store(url, definition(service).tables)
    yield Retention(store, timedelta(0), Health(), Nobody(), batch=10**6)
    store.close()


def moment(read: StoreSnapshot, part: float) -> datetime:
    """An instant between the first event and the last; beyond 1 it is after the last."""
    first, last = min(said.at for said in read.outbox), max(said.at for said in read.outbox)
    return first + (last - first) * part


def read(stores: dict[str, str]) -> StoreSnapshot:
    """What the four stores hold."""
    return read_snapshot(stores, Path(stores["tickets"].removeprefix("sqlite:///")).with_name("secret").read_text().strip())


def whistles(read: StoreSnapshot) -> list[WhistleKey]:
    """Every whistle, as its producer knows it."""
    return [whistle for _, whistle in read.whistles]


def lost(stores: dict[str, str]) -> list[str]:
    """What reconcile says, of both kinds."""
    held = read(stores)
    found = check_snapshot(whistles(held), held, settled=True)
    return found.lost + found.doubled


@pytest.mark.parametrize("seed", range(6))
def test_what_was_removed_anywhere_is_not_missed(seed: int, stores: dict[str, str]) -> None:
    """Each store removes for itself: how far differs, and the two tables of a store differ too."""
    chance, whole = random.Random(seed), read(stores)
    assert lost(stores) == []
    for service, url in stores.items():
        with retention(service, url) as removing:
            assert removing.remove_applied(moment(whole, chance.uniform(0.8, 1.0)))
            removing.remove_published(moment(whole, chance.uniform(0.3, 1.0)))
    assert len(read(stores).outbox) < len(whole.outbox)
    assert lost(stores) == []


def test_everything_may_go(stores: dict[str, str]) -> None:
    end = moment(read(stores), 2.0)
    for service, url in stores.items():
        with retention(service, url) as removing:
            assert removing.remove_applied(end)
            assert removing.remove_published(end)
    held = read(stores)
    assert (held.outbox, dict(held.inbox), len(whistles(held))) == ([], {}, WHISTLES)
    assert lost(stores) == []
    assert check_snapshot([("/hotline", "w-never")], held).lost == ["whistle w-never of /hotline: never taken in"]


@pytest.mark.parametrize(
    ("service", "table", "which"),
    [
        ("tickets", "outbox", "type = 'ticket.closed.v1'"),
        ("dispatch", "outbox", "type = 'case.completed.v1'"),
        ("tickets", "inbox", "type = 'case.completed.v1'"),
        ("dispatch", "inbox", "type = 'ticket.handled.v1'"),
        ("ledger", "inbox", "type = 'ticket.closed.v1'"),
        ("notify", "notices", "true"),
        ("ledger", "entries", "true"),
        ("tickets", "whistles", "true"),
    ],
)
def test_what_is_lost_beyond_it_is_found(service: str, table: str, which: str, stores: dict[str, str]) -> None:
    quarter = moment(read(stores), 0.25)
    for name, url in stores.items():
        with retention(name, url) as removing:
            removing.remove_applied(quarter)
            removing.remove_published(quarter)
    with closing(sqlite3.connect(stores[service].removeprefix("sqlite:///"))) as connection:
        newest = f"SELECT max(rowid) FROM {table} WHERE {which}"
        assert connection.execute(f"DELETE FROM {table} WHERE rowid = ({newest})").rowcount == 1
        connection.commit()
    assert lost(stores)


def test_what_a_person_let_go_unsaid_is_not_missed(stores: dict[str, str]) -> None:
    one = next(said for said in read(stores).outbox if said.type == "notification.sent.v1")
    for service, statement in (
        ("ledger", "DELETE FROM inbox WHERE event_id = ?"),
        ("notify", "UPDATE outbox SET state = 'dropped', published_at = NULL WHERE event_id = ?"),
    ):
        if service == "notify":
            assert lost(stores)
        with closing(sqlite3.connect(stores[service].removeprefix("sqlite:///"))) as connection:
            assert connection.execute(statement, [one.id]).rowcount == 1
            connection.commit()
    assert lost(stores) == []
