"""A log that was rewritten by SQL: the ledger signs nothing, and whoever kept a checkpoint sees it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select, update

from contracts.events.ledger import CheckpointSigned
from services.ledger import store as tables
from services.ledger.checkpoint_dir import CHECKPOINTS, CheckpointDir
from services.ledger.domain.checkpoint import Signer
from services.ledger.domain.log_comparison import LogDisagrees
from tests.component.forged_log import (
    SIGNER,
    Town,
    add,
    drop_checkpoints,
    edit,
    recompute,
    sign_anew,
)
from tests.component.ledger_alone import closed

# --- the first attack: an entry that no checkpoint counts yet


def test_an_entry_after_the_last_checkpoint_that_was_edited_is_not_signed(town: Town, tmp_path: Path) -> None:
    town.forge(edit(6))
    for published in (True, False):
        done = town.export(tmp_path / "log", published)
        assert done.exit_code == 1
        assert "is not signed: " in done.output
        assert "entries 5 to 6: " in done.output
    assert b'"end"' not in (tmp_path / "log").read_bytes()
    rebuilt = town.command("rebuild")
    assert (rebuilt.exit_code, "no book is made of it" in rebuilt.output) == (1, True)


def test_the_service_signs_no_entry_that_was_edited_since_it_saw_it(town: Town) -> None:
    town.forge(edit(5))
    town.ledger.ring(hours=1)
    assert town.ledger.monitor.trouble == "entry 5: changed since this process saw it"
    assert len(town.ledger.said(CheckpointSigned)) == 2


def test_the_service_sees_a_forged_frontier_at_its_next_look(town: Town) -> None:
    town.forge(edit(6), recompute)
    with pytest.raises(LogDisagrees, match="entry 6: changed since"):
        town.ledger.look()
    town.ledger.hear(*closed("T", [8]))
    with pytest.raises(LogDisagrees, match="entry 6: changed since"):
        town.ledger.look()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_forged_frontier_is_not_exported_and_not_signed(town: Town, tmp_path: Path, restarted: bool) -> None:
    town.forge(edit(6), recompute)
    assert "ledger-frontier.json was written" in town.export(tmp_path / "log").output
    if restarted:
        town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.ring(hours=1)
    assert "changed since" in (town.ledger.monitor.trouble or "")
    assert len(town.ledger.said(CheckpointSigned)) == 2


MISSING = "checkpoint 2, which was published with 5 entries, is missing from the store"


# --- the second attack: an old entry, later checkpoints deleted, the frontier recomputed


def rewritten(town: Town) -> None:
    town.forge(edit(3), drop_checkpoints(after=1), recompute)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_log_without_its_later_checkpoints_is_not_signed(town: Town, tmp_path: Path, restarted: bool) -> None:
    rewritten(town)
    if restarted:
        town.ledger.restart(CheckpointDir(town.directory))
    for done in (town.export(tmp_path / "log"), town.command("rebuild"), town.command("hand-over", new_key(tmp_path))):
        assert (done.exit_code, MISSING in done.output) == (1, True), done.output
    town.ledger.ring(hours=1)
    assert MISSING in (town.ledger.monitor.trouble or "")


def new_key(tmp_path: Path) -> str:
    from services.ledger.signing_keys import public_pem

    (tmp_path / "new.pem").write_text(public_pem(Signer(bytes(range(32))).public))
    return str(tmp_path / "new.pem")


@pytest.mark.parametrize("kept", ["checkpoints", "export"])
def test_who_kept_a_checkpoint_or_an_export_sees_what_a_forger_signed(town: Town, tmp_path: Path, kept: str) -> None:
    """The forger has the key, and the directory as well."""
    assert town.export(tmp_path / "old").exit_code == 0
    earlier = tmp_path / "old" if kept == "export" else town.directory / CHECKPOINTS
    assert town.command("verify", str(tmp_path / "old"), "--since", str(earlier)).exit_code == 0
    rewritten(town)
    town.forge(partial(add, number=8), partial(add, number=9))  # and it grows
    sign_anew(town, tmp_path / "forged", SIGNER)
    assert town.command("verify", str(tmp_path / "forged")).exit_code == 0
    done = town.command("verify", str(tmp_path / "forged"), "--since", str(earlier))
    wanted = "entry 3 is another than in the earlier export" if kept == "export" else "of entries 3 to 4 one was changed"
    assert (done.exit_code, wanted in done.output) == (1, True), done.output


def test_a_log_that_continues_is_said_to_and_the_proof_is_that_of_the_standard(town: Town, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes((town.directory / CHECKPOINTS).read_bytes())
    town.ledger.hear(*closed("T", range(8, 30)))
    assert town.export(tmp_path / "log").exit_code == 0
    done = town.command("verify", str(tmp_path / "log"), "--since", str(kept))
    assert done.exit_code == 0, done.output
    assert "continues checkpoint 2 of 5 entries: consistency proof of 6 hashes" in done.output


def test_a_log_that_is_shorter_or_signed_by_another_key_does_not_continue(town: Town, tmp_path: Path) -> None:
    assert town.export(tmp_path / "old").exit_code == 0
    town.forge(lambda connection: connection.execute(delete(tables.entries).where(tables.entries.c.position > 5)), recompute)
    sign_anew(town, tmp_path / "short", SIGNER)
    short = town.command("verify", str(tmp_path / "short"), "--since", str(tmp_path / "old"))
    assert "the log has 6 entries, 7 were there earlier" in short.output
    sign_anew(town, tmp_path / "other", Signer(bytes(range(32))))
    other = town.command("verify", str(tmp_path / "other"), "--since", str(town.directory / CHECKPOINTS))
    assert (other.exit_code, "checkpoint 1 is another than the earlier one" in other.output) == (1, True)


def test_a_file_of_checkpoints_that_was_changed_is_named(town: Town, tmp_path: Path) -> None:
    file = town.directory / CHECKPOINTS
    file.write_bytes(file.read_bytes().replace(b'"size":5', b'"size":5.0'))
    done = town.export(tmp_path / "log")
    assert (done.exit_code, "ledger-checkpoints.jsonl: line 2: size: want a whole number" in done.output) == (1, True)
    (tmp_path / "log").touch()
    done = town.command("verify", str(tmp_path / "log"), "--since", str(file))
    assert (done.exit_code, "--since: line 2: size" in done.output) == (2, True), "not a bad log: it could not be checked"


# --- what is whole stays so


def test_a_whole_log_is_signed_after_a_restart_and_by_another_process(town: Town, tmp_path: Path) -> None:
    first = town.ledger.monitor
    town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.look()
    town.ledger.hear(*closed("T", [8]))
    town.ledger.let_pass(hours=1)
    town.ledger.monitor = town.ledger.service.monitor = first  # it missed an entry and a checkpoint
    town.ledger.look()
    town.ledger.hear(*closed("T", [9]))
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3, 4]
    assert town.export(tmp_path / "log").exit_code == 0
    assert len(CheckpointDir(town.directory).checkpoints()) == 4


def test_a_checkpoint_that_was_not_published_before_a_crash_is_published_at_the_next_start(town: Town) -> None:
    file = town.directory / CHECKPOINTS
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:40])
    town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.look()
    assert file.read_bytes() == first + second


def test_a_log_of_an_earlier_version_is_read_once_and_then_signed(town: Town) -> None:
    def older(connection: Connection) -> None:
        known = connection.execute(select(tables.logs.c.document)).scalar_one()
        new = {"checkpointed", "rfc8785_from", "clock_steps"}
        connection.execute(update(tables.logs).values(document={k: v for k, v in known.items() if k not in new}))

    town.forge(older)
    town.ledger.restart()
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3]


def test_a_check_reads_only_what_is_new(town: Town) -> None:
    """The oldest entry is changed, and nobody reads it: the root is made from the frontier, and is right."""
    town.forge(edit(0))
    town.ledger.look()
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3]
