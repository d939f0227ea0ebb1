"""What a SQLite write-ahead log holds, compared with what SQLite will recover of it after a crash.

SQLite replays a log up to the first frame whose checksum or salt is wrong, and says nothing of what follows: one flipped byte
undoes every transaction from there on, committed ones too. So the log is read here before SQLite opens it, and a frame that is
whole and wrong is an error. A frame that the file ends within was being written when the process died, and no commit waited for
it. Format: sqlite.org/fileformat2.html, section 4.
"""

import fcntl
import struct
from collections.abc import Iterator
from pathlib import Path

from chassis.persistence.errors import StoreDamaged

_HEADER, _FRAME_HEADER = 32, 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The order of bytes in which the checksums are computed."""
_LIVE_LOCK = 128
"""The byte of the shared-memory file that every connection holds a shared lock on."""
_verified: set[Path] = set()

WHAT_TO_DO = "Restore the store from a backup, or accept the loss: `whistle embedded --accept-damage`"
Sums = tuple[int, int]


def verify_once(database: Path) -> None:
    """Look at a database's log before this process first opens it. Raises StoreDamaged; then SQLite has not touched it yet.

    Nothing is looked at while another process has the database open: its log is being written and was looked at by it.
    """
    path = database.resolve()
    if path in _verified:
        return
    log = log_of(path)
    if log.exists() and not _open_elsewhere(path) and (wrong := damage(log.read_bytes())):
        raise StoreDamaged(f"{log}: {wrong}; SQLite would silently forget every transaction from there on. {WHAT_TO_DO}")
    _verified.add(path)


def accept(database: Path) -> Path | None:
    """Keep a copy of a damaged log, and let SQLite forget what follows the damage. Answers the copy; None for a good log."""
    path = database.resolve()
    log = log_of(path)
    copy = None
    if path not in _verified and log.exists() and damage(raw := log.read_bytes()):
        copy = log.with_name(f"{log.name}.damaged")
        copy.touch(mode=0o600)
        copy.write_bytes(raw)
    _verified.add(path)
    return copy


def log_of(database: Path) -> Path:
    """The log beside a database."""
    return database.with_name(f"{database.name}-wal")


def _open_elsewhere(database: Path) -> bool:
    """Whether another process has the database open. This process has not: closing the file would let go of its locks."""
    try:
        with database.with_name(f"{database.name}-shm").open("r+b") as shared:
            fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LIVE_LOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def damage(raw: bytes) -> str | None:
    """What is wrong with a log that its writer cannot have left behind, in words; None where nothing is."""
    if len(raw) < _HEADER:
        return None
    magic, _, page, _, _, _, *wanted = struct.unpack(">8I", raw[:_HEADER])
    order = _MAGIC.get(magic)
    if order is None:
        return "the header is damaged" if any(raw[:_HEADER]) else None
    sums = _checksum(order, (0, 0), raw[: _HEADER - 8])
    if sums != tuple(wanted):
        return "the header's checksum is wrong"
    return _damaged_frame(raw, order, page, sums)


def _damaged_frame(raw: bytes, order: str, page: int, sums: Sums) -> str | None:
    """Frames whose salts are not the header's are left of an older round of the log: they end it.

    If the first of them has the checksum that the next frame of this round would have, it is of this round, and its salts were
    changed; and so it is if a frame of this round comes after it.
    """
    salts, valid = raw[16:24], True
    for number, head, data in _frames(raw, page):
        stored: Sums = struct.unpack(">2I", head[16:])
        computed = _checksum(order, sums, head[:8] + data)
        current = head[8:16] == salts
        if valid and current != (computed == stored):
            return f"frame {number} is damaged"
        if not valid and current and computed == stored:
            return f"a frame before frame {number} is damaged"
        valid = valid and current
        sums = stored
    return None


def _frames(raw: bytes, page: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Each whole frame: its number, header and page."""
    size = _FRAME_HEADER + page
    for number, at in enumerate(range(_HEADER, len(raw) - size + 1, size), start=1):
        yield number, raw[at : at + _FRAME_HEADER], raw[at + _FRAME_HEADER : at + size]


def _checksum(order: str, sums: Sums, data: bytes) -> Sums:
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
