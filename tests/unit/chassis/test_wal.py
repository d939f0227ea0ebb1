"""Damage to a SQLite log: a flipped byte that undoes a committed transaction is found; what a crash leaves is no damage."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.persistence import StoreDamaged, wal
from chassis.persistence.engine import check_file, new_engine

PAGE, FRAME = 512, 512 + 24


def crashed(place: Path, transactions: int, rounds: int = 1) -> Path:
    """A database whose process was killed: its log holds so many committed transactions of the last round."""
    place.mkdir()
    live, dead = place / "live.db", place / "dead.db"
    connection = sqlite3.connect(live, isolation_level=None)
    for pragma in (f"page_size={PAGE}", "journal_mode=WAL", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    for number in range(rounds):
        if number:
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        for _ in range(transactions if number == rounds - 1 else 2 * transactions):
            connection.execute("INSERT INTO t DEFAULT VALUES")
    shutil.copy(live, dead)
    shutil.copy(wal.log_of(live), wal.log_of(dead))
    connection.close()
    return dead


def rows(database: Path) -> int:
    """How many rows SQLite finds, on a copy: it clears the log away."""
    copy = database.with_name("copy.db")
    shutil.copy(database, copy)
    shutil.copy(wal.log_of(database), wal.log_of(copy))
    connection = sqlite3.connect(copy)
    try:
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])
    except sqlite3.DatabaseError:
        return -1
    finally:
        connection.close()


@pytest.fixture(scope="module", params=[1, 3], ids=["first round", "over older frames"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crashed(tmp_path_factory.mktemp("wal") / "db", 5, request.param)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_or_undoes_nothing(database: Path, place: int, bit: int) -> None:
    log = wal.log_of(database)
    good, before = log.read_bytes(), rows(database)
    assert wal.damage(good) is None
    flipped = bytearray(good)
    flipped[place % len(good)] ^= 1 << bit
    log.write_bytes(flipped)
    try:
        assert wal.damage(bytes(flipped)) is not None or rows(database) == before
    finally:
        log.write_bytes(good)


def test_each_frame_of_the_last_round_counts(database: Path) -> None:
    """The last one too, which nobody else may have heard of yet."""
    good = wal.log_of(database).read_bytes()
    salts = good[16:24]
    frames = [at for at in range(32, len(good) - FRAME + 1, FRAME) if good[at + 8 : at + 16] == salts]
    assert len(frames) >= 5
    for at in frames:
        for place in (0, 4, 8, 12, 16, 20, 24, 200, FRAME - 1):
            damaged = bytearray(good)
            damaged[at + place] ^= 1
            assert wal.damage(bytes(damaged)), (at, place)


def test_a_log_that_ends_within_a_frame_is_what_a_crash_leaves(database: Path) -> None:
    good = wal.log_of(database).read_bytes()
    for length in (0, 10, 31, 32, 33, 32 + FRAME - 1, len(good) - 1, len(good) - FRAME + 30):
        assert wal.damage(good[:length]) is None


def test_an_engine_refuses_a_damaged_log_before_sqlite_forgets_it(tmp_path: Path) -> None:
    database = crashed(tmp_path / "db", 5)
    log = wal.log_of(database)
    damaged = bytearray(log.read_bytes())
    damaged[-100] ^= 1
    log.write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=rf"{log}: frame \d+ is damaged.*--accept-damage"):
            new_engine(f"sqlite:///{database}")
        assert log.read_bytes() == damaged
    copy = wal.accept(database)
    assert copy is not None
    assert copy.read_bytes() == damaged
    check_file(f"sqlite:///{database}")


def test_a_log_that_another_process_writes_is_left_to_it(tmp_path: Path) -> None:
    """Within this process locks of POSIX do not tell: the other one is a process of its own."""
    database = crashed(tmp_path / "db", 5)
    holds = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('select * from t').fetchall(); "
        "print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", holds, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"open\n"
        log = wal.log_of(database)
        log.write_bytes(log.read_bytes()[:-50] + bytes(50))  # as a frame that is half written
        new_engine(f"sqlite:///{database}").dispose()
    finally:
        other.stdin.close()
        other.wait(20)
        other.stdout.close()


def test_a_log_may_be_removed_and_rewritten_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last process to close a database removes its log, for instance `whistle reconcile` while a service starts."""
    database = crashed(tmp_path / "db", 5)
    uses = (
        "import sqlite3, sys\n"
        "while True:\n"
        "    c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('INSERT INTO t DEFAULT VALUES'); c.close()\n"
        "    print(flush=True)"
    )
    other = subprocess.Popen([sys.executable, "-c", uses, str(database)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    try:
        for _ in range(300):
            assert other.stdout.readline() == b"\n"
            for _ in range(20):
                monkeypatch.setattr(wal, "_verified", set())
                wal.verify_once(database)
    finally:
        other.kill()
        other.wait(20)
        other.stdout.close()
