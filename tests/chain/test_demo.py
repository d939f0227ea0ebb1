"""The demonstration as it is shipped: the same story each time, nothing lost, nothing doubled; where it is not so, it says so.

The first requests only: what a whole night takes is `make demo`'s own affair, which fails where a branch is missing.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.deployment_dir import DeploymentDir
from tests.chain.demo import ROOT, Run, robbed, run
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CONFIG

FEW = 18
"""Requests; enough for nearly every branch."""
STOLEN = {
    "an event that was taken in": ("notify inbox type = 'ticket.opened.v1'", "never arrived in notify"),
    "an entry of the ledger": ("ledger entries position = 1000", "entry 1000: missing from the store"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def two(folder: Path) -> Iterator[tuple[Run, Run]]:
    """The same story told twice, side by side. What the second one's environment says of a deployment is not for it."""
    elsewhere = f"sqlite:///{folder}/elsewhere.db"
    one = run(folder / "one", "--first", str(FEW), PYTHONHASHSEED="1")
    other = run(
        folder / "other",
        *("--first", str(FEW)),
        PYTHONHASHSEED="2",
        WHISTLE_TICKETS_DATABASE_URL=elsewhere,
        WHISTLE_LEDGER_SECRET="of another deployment",
    )
    yield one, other
    one.process.kill()
    other.process.kill()


@pytest.fixture(scope="module")
def told(two: tuple[Run, Run]) -> Run:
    """One telling, which has ended well."""
    two[0].report()
    return two[0]


def same(report: Mapping[str, Any]) -> dict[str, Any]:
    """What does not depend on the machine or on where the files are."""
    return {**report, "timing": None, "ledger": {**report["ledger"], "file": None}}


def test_the_same_seed_is_the_same_story_to_the_last_byte_of_the_log(two: tuple[Run, Run]) -> None:
    one, other = (each.report() for each in two)
    assert same(one) == same(other)
    first, second = ((each.home / "ledger.jsonl").read_bytes() for each in two)
    assert first == second
    assert not (two[0].folder.parent / "elsewhere.db").exists()


def test_nothing_is_lost_and_nothing_is_doubled(told: Run) -> None:
    report = told.written()
    assert (report["lost"], report["doubled"], report["wrong"]) == (0, 0, [])
    assert report["requests"] == report["reconciled"]["tickets"] == report["tickets"]["total"] == FEW
    assert (report["reconciled"]["waiting"], report["reconciled"]["dead"], report["reconciled"]["pending"]) == (0, 0, 0)
    assert report["ledger"]["verified"] is True
    assert report["ledger"]["size"] == report["reconciled"]["entries"] > 1000
    assert len(bytes.fromhex(report["ledger"]["root"])) == 32
    assert report["points"]["balance"] == 0
    assert report["branches_complete"] is False, "so few do not take every branch, and only a whole night has to"


def test_who_does_not_believe_it_asks_again(told: Run) -> None:
    """With the commands that it prints, as they are printed, over the stores that it left."""
    _, printed, _ = told.end()
    settings, *commands = [line.strip() for line in printed.partition("再问 ask again")[2].splitlines()]
    assert len(commands) == 2
    reconciled, verified = (told.in_shell(f"{settings}\n{command}") for command in commands)
    assert json.loads(reconciled)["counts"] == told.written()["reconciled"]
    assert told.written()["ledger"]["root"] in verified


def test_the_services_say_what_the_domains_say(told: Run) -> None:
    """Number by number and word by word: so the in-memory chain of tests/unit/demo is worth its speed."""
    chain = Chain(replace(CONFIG, whistles=CONFIG.whistles[:FEW])).run()
    spoken = {
        (event.source, event.subject, event.sequence): (event.type, event.time.isoformat(), _as_json(event))
        for event in chain.heard
    }
    logged = {
        (body["source"], body["subject"], body["sequence"]): (body["type"], body["time"], body["data"])
        for body in _entries(told.home / "ledger.jsonl")
        if body["subject"] in chain.tickets and body["source"] in {"/tickets", "/dispatch"}
    }
    assert logged == spoken
    assert told.written()["branches"] == chain.statistics.branches()


def _as_json(event: Any) -> Any:
    return json.loads(json.dumps(event.payload.to_wire()))


def _entries(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text("utf-8").splitlines():
        whole = json.loads(line)
        if "entry" in whole:
            yield whole["body"]


def test_a_row_that_is_gone_is_found_by_those_who_ask_again(told: Run, tmp_path: Path) -> None:
    home = shutil.copytree(told.home, tmp_path / "home")
    settings = home / "settings.env"
    settings.write_text(settings.read_text("utf-8").replace(str(told.home), str(home)), "utf-8")
    with closing(sqlite3.connect(home / "dispatch.db")) as store, store:
        store.execute("DELETE FROM cases WHERE id = (SELECT min(id) FROM cases)")
    status, out = replace(told, folder=tmp_path).whistle("reconcile", "--settled", "--sent", str(home / "sent.txt"))
    assert status == 1
    assert "but dispatch has no case of it" in out


def test_what_is_lost_is_named_and_ends_with_status_1(tmp_path: Path) -> None:
    thieves = {what: robbed(tmp_path / str(n), rows, "--first", "1") for n, (what, (rows, _)) in enumerate(STOLEN.items())}
    for what, thief in thieves.items():
        status, out, err = thief.end()
        assert status == 1, what + err
        report = thief.written()
        assert report["lost"] > 0, what
        assert STOLEN[what][1] in "\n".join(report["wrong"])
        assert f"  ! {report['wrong'][0]}" in out.splitlines()
        assert report["ledger"]["verified"] is (what != "an entry of the ledger"), report["wrong"]


def test_another_seed_is_another_story(tmp_path: Path) -> None:
    runs = {seed: run(tmp_path / seed, "--first", "1", "--seed", seed) for seed in ("贤邻里-2026", "二")}
    reports = {seed: one.report() for seed, one in runs.items()}
    assert {seed: report["seed"] for seed, report in reports.items()} == {seed: seed for seed in runs}
    assert len({report["ledger"]["root"] for report in reports.values()}) == 2


def test_what_cannot_begin_says_why_in_one_line_and_touches_nothing(tmp_path: Path) -> None:
    bad = shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    street = bad / "demo/behaviour.yaml"
    street.write_text(street.read_text("utf-8").replace("extend: 1h..4h", "extend: 4h..1h"), "utf-8")
    mine = tmp_path / "mine" / "home"
    mine.mkdir(parents=True)
    (mine / "letter.txt").write_text("dear")
    used = DeploymentDir(tmp_path / "used" / "home")
    used.path.mkdir(parents=True)
    (used.path / "demo.log").write_text("of the one that is at work")
    with used.held():
        refused = {
            f"{street}: situations.property.courses.asks_for_time.3.extend: '4h..1h': ends before it begins": run(
                tmp_path / "bad", "--config", str(bad)
            ),
            f"{used.path}: another process is at work here; stop it, or give another --home": run(used.path.parent),
            f"{mine}: has files that no demonstration made; give another --home, or remove them": run(mine.parent),
        }
        ended = {why: one.end() for why, one in refused.items()}
    assert ended == {why: (1, "", f"Error: {why}\n") for why in refused}
    assert not (tmp_path / "bad" / "home").exists()
    assert (mine / "letter.txt").read_text() == "dear"
    assert (used.path / "demo.log").read_text() == "of the one that is at work"
