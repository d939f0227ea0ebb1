"""The ledger's clock is set forward and back: the log stays whole, checkpoints are ordered by number, the step is recorded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from contracts.events.ledger import CheckpointSigned
from services.ledger.metrics import LedgerMetrics
from tests.component.ledger_alone import START, LedgerAlone, closed, whistle


def hour_forward_and_back(ledger: LedgerAlone) -> None:
    """Three checkpoints: at 10:00, at 12:00 by a clock that is two hours ahead, and at 11:00."""
    for number in (1, 2, 3):
        ledger.hear(*closed("T", [number]))
        ledger.let_pass(hours=1)
        if number == 1:
            ledger.let_pass(hours=1)
        elif number == 2:
            ledger.clock.set_back(hours=2)


def test_an_export_verifies_and_the_step_is_explained(ledger: LedgerAlone, ledger_url: str, tmp_path: Path) -> None:
    hour_forward_and_back(ledger)
    clock, log = tmp_path / "clock", tmp_path / "log"
    assert whistle(ledger_url, "export", str(log), WHISTLE_CLOCK_FILE=str(clock)).exit_code == 0
    done = whistle(ledger_url, "verify", str(log))
    assert done.exit_code == 0, done.output
    assert "note: checkpoint 3 is dated 2026-03-03T11:00:00+00:00: the clock had gone back by 1:00:00" in done.output


def test_the_checkpoint_after_the_step_says_by_how_much(ledger: LedgerAlone) -> None:
    hour_forward_and_back(ledger)
    said = [(one["taken_at"] - START, one.get("clock_back_seconds")) for one in ledger.said(CheckpointSigned)]
    assert said == [(timedelta(hours=1), None), (timedelta(hours=3), None), (timedelta(hours=2), 3600)]


def test_a_step_is_counted(ledger: LedgerAlone) -> None:
    registry = CollectorRegistry()
    hour_forward_and_back(ledger)
    with ledger.store.transaction() as connection:
        LedgerMetrics(registry).read(connection, ledger.clock.now())
    assert registry.get_sample_value("whistle_ledger_clock_steps") == 1
