"""The checkpoints that are kept outside the database: a file that only grows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.ledger.checkpoint_dir import CHECKPOINTS, MAX_LINE, BadCheckpointDir, CheckpointDir
from services.ledger.domain.checkpoint import Checkpoint, SignedCheckpoint

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def signed(number: int) -> SignedCheckpoint:
    """A checkpoint; who reads the file does not look at signatures."""
    return SignedCheckpoint(Checkpoint(number, number * 10, f"{number:064x}", NOW), "00" * 8, "00" * 64)


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_a_checkpoint_is_added_once_however_long_the_file_is(tmp_path: Path, count: int) -> None:
    kept = CheckpointDir(tmp_path)
    for number in range(1, count + 1):
        kept.append([signed(number)])
    kept.append([signed(number) for number in range(1, count + 2)])
    assert [one.checkpoint.number for one in kept.checkpoints()] == list(range(1, count + 2))
    assert count < 40 or (tmp_path / CHECKPOINTS).stat().st_size > 2 * MAX_LINE


@pytest.mark.parametrize("count", [1, 40])
def test_a_line_that_a_crash_cut_off_is_written_anew(tmp_path: Path, count: int) -> None:
    kept, file = CheckpointDir(tmp_path), tmp_path / CHECKPOINTS
    kept.append([signed(number) for number in range(1, count + 1)])
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    kept.append([signed(count)])
    assert file.read_bytes() == whole


def test_a_last_line_that_somebody_changed_is_named(tmp_path: Path) -> None:
    kept, file = CheckpointDir(tmp_path), tmp_path / CHECKPOINTS
    kept.append([signed(number) for number in range(1, 20)])
    file.write_bytes(file.read_bytes()[:-3] + b" }\n")
    with pytest.raises(BadCheckpointDir, match="last line"):
        kept.append([signed(20)])
