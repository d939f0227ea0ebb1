"""Whether a commit waits for the disk is said in the store's URL, and by default it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.persistence.engine import new_engine


@pytest.mark.parametrize(("query", "level"), [("", 2), ("?synchronous=NORMAL", 1), ("?synchronous=full", 2)])
def test_a_commit_waits_for_the_disk_unless_the_url_says_otherwise(tmp_path: Path, query: str, level: int) -> None:
    """SQLite's own numbers: 1 is NORMAL, 2 is FULL."""
    engine = new_engine(f"sqlite:///{tmp_path}/a.db{query}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == level
    engine.dispose()
    assert (tmp_path / "a.db").exists()


def test_another_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="synchronous=OFF: want one of FULL, NORMAL"):
        new_engine(f"sqlite:///{tmp_path}/a.db?synchronous=off")
