"""The embedded process and everybody else: a second one, an operator's commands, a lock held elsewhere, a disk that is full."""

from __future__ import annotations

import json
import re
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import pytest

from tests.kit.chain import Chain
from tests.kit.deployment import ROOT, SERVICES
from tests.kit.embedded import EmbeddedStack, embedded_stack
from tests.kit.processes import LocalProcess, wait_until

WHISTLE: dict[str, Any] = {
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "channel": "hotline",
    "text": "楼上半夜放音乐",
    "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
}
OTHERS = {"dispatch": "/cases/T-NOBODY", "notify": "/tickets/T-NOBODY/notices", "ledger": "/log"}
_numbers = count(1)


@pytest.fixture(scope="module")
def stack() -> Iterator[EmbeddedStack]:
    """One process at work."""
    with embedded_stack() as deployed:
        deployed.start()
        deployed.settle()
        yield deployed


def blow(stack: EmbeddedStack, key: str | None = None) -> tuple[int, Any]:
    """POST /whistles: status and answer."""
    status, answer, _ = stack.call("tickets", "POST", "/whistles", "hotline", WHISTLE, key or f"key-{next(_numbers)}")
    return status, answer


def asked(stack: EmbeddedStack, service: str, path: str) -> int:
    """The status of a GET."""
    return stack.call(service, "GET", path, "desk")[0]


@contextmanager
def locked(stack: EmbeddedStack, service: str) -> Iterator[None]:
    """Within the block another process writes to a service's file."""
    with closing(sqlite3.connect(stack.home.path / f"{service}.db", isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full_disk(process: LocalProcess) -> Iterator[None]:
    """Within the block no file of the process can be written beyond its first bytes."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


# --- whose home it is


def test_a_second_process_says_who_has_the_home_and_changes_nothing(stack: EmbeddedStack) -> None:
    before = (stack.home.path / "settings.env").read_bytes()
    second = subprocess.run(
        [sys.executable, "-m", "cli.main", "embedded", "--home", str(stack.home.path), "--port", "0"],
        env=stack.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr == f"Error: {stack.home.path}: another process is at work here; stop it, or give another --home\n"
    assert (stack.home.path / "settings.env").read_bytes() == before
    assert blow(stack)[0] == 202


def test_nobody_else_can_read_what_a_first_start_makes() -> None:
    fresh = EmbeddedStack()
    try:
        fresh.start()
        made = [fresh.home.path, *fresh.home.path.iterdir()]
        kept = {"secret", "tokens.yaml", "settings.env", "identities.yaml", *(f"{service}.db" for service in SERVICES)}
        assert kept < {path.name for path in made}
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
        assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
        tokens = fresh.home.tokens()
        assert min(map(len, tokens.values())) >= 32
        assert len(set(tokens.values())) == len(tokens)
    finally:
        fresh.remove()


def test_what_a_stop_leaves_is_all_that_a_start_needs(stack: EmbeddedStack) -> None:
    ticket = blow(stack)[1]["ticket"]
    assert stack.stop() == {"embedded": 0}
    stack.start()
    assert asked(stack, "tickets", f"/tickets/{ticket}") == 200
    wait_until(lambda: asked(stack, "dispatch", f"/cases/{ticket}") == 200, "the case", 10)


# --- an operator's commands, while it runs


def typed(stack: EmbeddedStack, command: str) -> str:
    """What a command prints in a shell that read the settings of the home."""
    done = in_shell(stack, f"{sys.executable} -m cli.main {command}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_shell(stack: EmbeddedStack, command: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a command in such a shell."""
    script = f"{stack.home.shell_command()}; {command}"
    return subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


def test_the_command_that_a_start_prints_runs_as_it_is_printed(stack: EmbeddedStack) -> None:
    *_, printed = re.findall(r"^commands +(.*)$", stack.log("", 100_000), re.M)
    done = subprocess.run(["sh", "-c", printed], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_dead_letters_are_listed_and_replayed_beside_the_running_process(stack: EmbeddedStack) -> None:
    """Every event fails, once, and that is enough for it to be dead."""
    stack.stop()
    stack.launch(WHISTLE_FAILPOINTS="inbox.inserted=error", WHISTLE_RETRY_ATTEMPTS="1")
    stack.await_ready()
    ticket = blow(stack)[1]["ticket"]
    opened = "SELECT 1 FROM inbox WHERE type = 'ticket.opened.v1' AND state = 'dead' AND subject = %s"
    for service in ("dispatch", "notify", "ledger"):
        wait_until(lambda one=service: bool(stack.rows(one, opened, ticket)), f"dead in {service}", 10)
    stack.stop()
    stack.start()
    assert "ticket.opened.v1" in typed(stack, "dead list dispatch")
    for service in SERVICES:
        typed(stack, f"dead replay {service} --all")
    wait_until(lambda: asked(stack, "dispatch", f"/cases/{ticket}") == 200, "the case", 10)
    stack.settle()
    for service in SERVICES:
        assert typed(stack, f"dead list {service}") == ""


def test_the_ledger_is_exported_and_verified_beside_the_running_process(stack: EmbeddedStack) -> None:
    file = stack.directory / "ledger.jsonl"
    typed(stack, f"ledger export {file}")
    assert typed(stack, f"ledger verify {file}")


def test_all_four_files_are_reconciled_beside_the_running_process(stack: EmbeddedStack) -> None:
    key = f"key-{next(_numbers)}"
    status, taken = blow(stack, key)
    assert status == 202
    stack.settle()
    sent = stack.directory / "sent.txt"
    sent.write_text(f"{taken['source']} {key}\n")
    answer = json.loads(typed(stack, f"reconcile --sent {sent}"))
    assert (answer["lost"], answer["doubled"]) == ([], [])


def test_a_source_that_is_not_known_is_a_mistake_and_no_loss(stack: EmbeddedStack) -> None:
    """Nothing can be said of its whistles, so nothing is: the sources that are known are listed, and the status is 2."""
    key = f"key-{next(_numbers)}"
    known = blow(stack, key)[1]["source"]
    stack.settle()
    sent = stack.directory / "sent.txt"
    sent.write_text(f"/hotline-app {key}\n{known} {key}\n")
    done = in_shell(stack, f"{sys.executable} -m cli.main reconcile --sent {sent}")
    assert done.returncode == 2
    assert f"nothing was ever taken in from the source /hotline-app. Known sources: {known}. " in done.stderr
    assert "never taken in" not in done.stdout + done.stderr
    sent.write_text(f"{known} {key}-lost\n")
    done = in_shell(stack, f"{sys.executable} -m cli.main reconcile --sent {sent}")
    assert done.returncode == 1
    assert f"whistle {key}-lost of {known}: never taken in" in done.stdout


def test_a_directory_that_is_loaded_beside_the_running_process_reaches_the_others(stack: EmbeddedStack) -> None:
    file = stack.directory / "more.yaml"
    file.write_text("{areas: [], categories: [{code: beehives, urgency: E2}], responders: []}")
    typed(stack, f"directory load {file}")
    known = "SELECT 1 FROM categories WHERE code = 'beehives'"
    wait_until(lambda: bool(stack.rows("tickets", known)), "tickets knows it", 10)


# --- locks and disks


def test_who_waits_for_another_process_stops_nobody_else(stack: EmbeddedStack) -> None:
    """All four services share one hub. Did it stand still, the whistle would give up before the others were answered."""
    with ThreadPoolExecutor(1) as pool:
        with locked(stack, "tickets"):
            whistle = pool.submit(blow, stack)
            for service, path in [
                ("dispatch", "/cases/T-NOBODY"),
                ("notify", "/tickets/T-NOBODY/notices"),
                ("ledger", "/log"),
            ] * 5:
                assert asked(stack, service, path) in {200, 404}
            assert not whistle.done()
        assert whistle.result(timeout=20)[0] == 202


def test_a_file_that_is_locked_for_long_is_an_outage_of_one_service(stack: EmbeddedStack) -> None:
    key = f"key-{next(_numbers)}"
    with locked(stack, "tickets"):
        assert blow(stack, key)[0] == 503
        wait_until(lambda: not stack.ready("tickets"), "it says so", 20)
        assert asked(stack, "dispatch", "/cases/T-NOBODY") == 404
        assert stack.process.alive
    _recovers(stack, lambda: blow(stack, key)[0] == 202)


def test_on_a_full_disk_nothing_is_accepted_and_nothing_is_lost(stack: EmbeddedStack) -> None:
    key = f"key-{next(_numbers)}"
    before = blow(stack)[1]["ticket"]
    with full_disk(stack.process):
        assert blow(stack, key)[0] == 503
        for service in SERVICES:
            wait_until(lambda one=service: not stack.ready(one), f"{service} says so", 20)
        assert stack.process.alive
    _recovers(stack, lambda: blow(stack, key)[0] == 202)
    wait_until(lambda: asked(stack, "dispatch", f"/cases/{before}") == 200, "what was accepted before goes on", 20)
    for service in SERVICES:
        assert stack.rows(service, "SELECT count(*) FROM inbox WHERE state = 'dead'") == [(0,)]
        assert stack.rows(service, "PRAGMA integrity_check") == [("ok",)]


def _recovers(stack: EmbeddedStack, condition: Callable[[], bool]) -> None:
    wait_until(condition, "it is accepted", 20)
    stack.await_ready()
    stack.settle()


def test_the_chain_still_runs(stack: EmbeddedStack) -> None:
    """Last: after all of the above."""
    chain = Chain(stack)
    ticket = chain.whistle("parking")
    chain.expect(ticket, "assignment.made", to="yangguang-property")
    chain.act(ticket, "yangguang-property", "handle")
    chain.expect(ticket, "assignment.made", purpose="verify", to="grid-worker-1")
    chain.act(ticket, "grid-worker-1", "verify", passed=True)
    chain.expect(ticket, "ticket.verified")
    chain.ask(ticket, "rate", resolved=True, satisfied=True)
    chain.expect(ticket, "ticket.closed", closure="satisfied")
