"""A check of SQLite's write-ahead log for damage that SQLite would silently ignore after a crash.

SQLite replays a log up to the first frame whose checksum or salt is wrong, and does not report the rest: one flipped byte
undoes every transaction from there on, committed ones too. So the log is read here before SQLite opens it, and a complete but
wrong frame is an error. A frame that the end of the file cuts off was being written when the process died, and no commit waited
for it. Format: sqlite.org/fileformat2.html, section 4.
"""

import fcntl
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from chassis.persistence.errors import StoreDamaged

_HEADER, _FRAME_HEADER = 32, 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order in which the checksums are computed."""
_LIVE_LOCK = 128
"""The byte of the shared-memory file on which every connection holds a shared lock."""
_verified: set[Path] = set()

WHAT_TO_DO = "Restore the store from a backup, or accept the loss: `whistle embedded --accept-damage`"
Sums = tuple[int, int]


def verify_once(database: Path) -> None:
    """Check a database's log before this process first opens it. Raises StoreDamaged; SQLite has not touched the log then.

    Nothing is checked while another process has the database open: that process checked the log and is writing it.
    """
    path = database.resolve()
    if path in _verified:
        return
    if wrong := damage(_unused_log(path)):
        log = log_of(path)
        raise StoreDamaged(f"{log}: {wrong}; SQLite would silently forget every transaction from there on. {WHAT_TO_DO}")
    _verified.add(path)


def accept(database: Path) -> Path | None:
    """Save a copy of a damaged log and allow SQLite to discard everything after the damage. Return the copy; None for a good
    log."""
    path = database.resolve()
    log = log_of(path)
    copy = None
    if path not in _verified and damage(raw := _unused_log(path)):
        copy = log.with_name(f"{log.name}.damaged")
        copy.touch(mode=0o600)
        copy.write_bytes(raw)
    _verified.add(path)
    return copy


def log_of(database: Path) -> Path:
    """Return the path of a database's log."""
    return database.with_name(f"{database.name}-wal")


def _unused_log(database: Path) -> bytes:
    """Return the log that the last process to use a database left behind; empty if there is none or a process uses it now.

    The lock that every connection shares is held alone while the log is read: nobody can write it meanwhile. The file may be
    gone at any moment: the last process to close the database releases the lock, and then removes the log. This process must
    not have the database open: closing the file would release its locks.
    """
    with ExitStack() as held:
        try:
            shared = held.enter_context(database.with_name(f"{database.name}-shm").open("r+b"))
            fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LIVE_LOCK)
        except FileNotFoundError:
            pass  # a log without shared memory was copied here: nobody uses it
        except OSError:
            return b""
        with suppress(FileNotFoundError):
            return log_of(database).read_bytes()
    return b""


def damage(raw: bytes) -> str | None:
    """Return a description of damage that no writer can have left behind; None for an undamaged log."""
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
    """Return a description of the first damaged frame; None if there is none.

    Frames with other salts than the header's remain from an older generation of the log and end it. If the first of them has
    the checksum that the next frame of this generation would have, it is of this generation and its salts were changed. The
    same holds if a frame of this generation comes after it.
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
    """Yield each complete frame: its number, header and page."""
    size = _FRAME_HEADER + page
    for number, at in enumerate(range(_HEADER, len(raw) - size + 1, size), start=1):
        yield number, raw[at : at + _FRAME_HEADER], raw[at + _FRAME_HEADER : at + size]


def _checksum(order: str, sums: Sums, data: bytes) -> Sums:
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
