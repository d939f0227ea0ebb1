"""A signing key is handed over: what is exported before and after is verified by the first key alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.unit_of_work import UnitOfWork
from contracts.events.ledger import CheckpointSigned
from services.ledger import store
from services.ledger.checkpoints import KeyRetired, take_checkpoint
from services.ledger.domain.audit import audit
from services.ledger.domain.checkpoint import SignedCheckpoint, Signer
from services.ledger.domain.keyring import Key
from services.ledger.export import export_lines
from services.ledger.signing_keys import KEY, public_pem
from tests.component.ledger_alone import LedgerAlone, closed, whistle

OLD, NEW = Signer(bytes(32)), Signer(bytes([7] * 32))


def hand_over(ledger: LedgerAlone, signer: Signer, to: Signer) -> SignedCheckpoint:
    with ledger.store.transaction() as connection:
        unit = UnitOfWork(ledger.store, connection, "/ledger")
        now = ledger.clock.now()
        signed = take_checkpoint(HandlerContext(unit, now, "log"), signer, now, ledger.monitor, to.public)
        unit.flush()
    return signed


def exported(ledger: LedgerAlone, signer: Signer) -> list[bytes]:
    with ledger.store.transaction() as connection:
        return list(export_lines(connection, signer, ledger.clock.now()))


def test_a_hand_over_is_verified_by_the_first_key_alone(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1, 2]))
    ledger.let_pass(hours=2)
    assert hand_over(ledger, OLD, NEW).checkpoint.number == 2
    ledger.sign_with(NEW)
    ledger.hear(*closed("T", [3]))
    ledger.let_pass(hours=2)
    report = audit(exported(ledger, NEW), [Key(OLD.public)])
    runs = [(run.key, run.first, run.last, run.size) for run in report.runs]
    assert runs == [(Key(OLD.public).id, 1, 2, 2), (Key(NEW.public).id, 3, 3, 3)]
    assert report.key == Key(NEW.public).id
    said = [(one["number"], one.get("next_key")) for one in ledger.said(CheckpointSigned)]
    assert said == [(1, None), (2, NEW.public.hex()), (3, None)]


def test_a_retired_key_signs_nothing_more(ledger: LedgerAlone) -> None:
    hand_over(ledger, OLD, NEW)
    with pytest.raises(KeyRetired):
        hand_over(ledger, OLD, NEW)
    with pytest.raises(KeyRetired):
        hand_over(ledger, NEW, OLD)
    with pytest.raises(Refused):
        hand_over(ledger, NEW, NEW)


def test_the_hourly_checkpoint_waits_until_the_new_key_is_configured(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1]))
    hand_over(ledger, OLD, NEW)
    ledger.let_pass(minutes=59)
    ledger.ring(hours=1)
    assert [one["number"] for one in ledger.said(CheckpointSigned)] == [1]
    timers = ledger.store.tables.timers
    with ledger.store.transaction() as connection:
        (reason,) = connection.execute(select(timers.c.reason)).scalars()
        assert reason.startswith("KeyRetired: key: ")
        connection.execute(timers.update().values(retry_at=None))  # its patience is machine time
    ledger.sign_with(NEW)
    ledger.let_pass(minutes=1)
    assert [one["number"] for one in ledger.said(CheckpointSigned)] == [1, 2]
    assert len(audit(exported(ledger, NEW), [Key(OLD.public)]).runs) == 2


def test_a_checkpoint_is_dated_when_it_is_signed(ledger: LedgerAlone) -> None:
    """A timer may ring late, and a hand-over may have come between."""
    ledger.hear(*closed("T", [1]))
    ledger.clock.move_to(ledger.clock.now().replace(hour=15, minute=30))
    hand_over(ledger, OLD, NEW)
    ledger.sign_with(NEW)
    ledger.let_pass(minutes=1)
    with ledger.store.transaction() as connection:
        times = [signed.checkpoint.taken_at for signed in store.signed_checkpoints(connection)]
    assert [(at.hour, at.minute) for at in times] == [(15, 30), (15, 30)]
    assert audit(exported(ledger, NEW), [Key(OLD.public)]).checkpoints == 2


def test_an_operator_hands_over_and_a_reader_verifies(ledger: LedgerAlone, ledger_url: str, tmp_path: Path) -> None:
    key, new, public, log = (str(tmp_path / name) for name in ("old.pem", "new", "new.pem", "log"))
    Path(key).write_text(whistle(ledger_url, "key").output)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", new], check=True)
    subprocess.run(["openssl", "pkey", "-in", new, "-pubout", "-out", public], check=True)
    ledger.hear(*closed("T", [1]))
    handed = whistle(ledger_url, "hand-over", public)
    assert (handed.exit_code, handed.output.startswith("checkpoint 1: key ")) == (0, True)
    again = whistle(ledger_url, "hand-over", public)
    assert (again.exit_code, "was retired by checkpoint 1" in again.output) == (1, True)
    assert whistle(ledger_url, "export", log, **{f"{KEY}_FILE": new}).exit_code == 0
    good = whistle(ledger_url, "verify", log, "--key", key)
    assert good.exit_code == 0, good.output
    assert "checkpoints 1 to 1, up to entry 1: key " in good.output
    assert whistle(ledger_url, "export", log).exit_code == 0
    bad = whistle(ledger_url, "verify", log, "--key", key)
    assert (bad.exit_code, "was retired by checkpoint 1" in bad.output) == (1, True)
    (tmp_path / "keys.yaml").write_text("keys:\n  - public: |\n      " + public_pem(NEW.public).replace("\n", "\n      "))
    stranger = whistle(ledger_url, "verify", log, "--keys", str(tmp_path / "keys.yaml"))
    assert (stranger.exit_code, "neither trusted nor handed over to" in stranger.output) == (1, True)
