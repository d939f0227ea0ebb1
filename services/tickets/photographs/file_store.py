"""The directory with the images of photographs: WHISTLE_TICKETS_FILES_DIR.

A file is named by the SHA-256 of its content and never changes. It is complete and on the disk before the row that names it
is committed, and it is removed only if no row has named it for a day. Processes may share the directory.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from chassis.errors import OperatorError

KEY = "WHISTLE_TICKETS_FILES_DIR"
SUFFIX, PART = ".jpg", ".part"
GRACE = 24 * 3600.0
"""Seconds after which a file that no row names is removed: its upload ended long ago."""
SHARDS = tuple(f"{number:02x}" for number in range(256))
"""The directories below the directory: the first two digits of the digests in them."""
_LOCK = "lock"


class BadFilesDir(OperatorError):
    """Raised where the directory cannot be made or written. The message names it."""


class FileStore:
    """One directory. Files and directories are readable by their owner alone."""

    def __init__(self, path: Path):
        self.path = path

    def check(self) -> None:
        """Make the directory if there is none, and write into it. Raises BadFilesDir."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(fcntl.LOCK_SH):
                probe = self.path / f"{token_hex(8)}{PART}"
                _write(probe, b"")
                probe.unlink()
        except OSError as wrong:
            raise BadFilesDir(
                f"{KEY}={self.path}: {wrong.strerror or wrong}; want a directory that this process may write"
            ) from None

    def path_of(self, digest: str) -> Path:
        """Return the path of a file."""
        return self.path / digest[:2] / f"{digest}{SUFFIX}"

    def write(self, content: bytes) -> str:
        """Store a file and return its digest. It survives a loss of power from now on. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path_of(digest)
        with self._locked(fcntl.LOCK_SH):
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _sync(self.path)
            part = path.parent / f"{token_hex(8)}{PART}"
            try:
                _write(part, content)
                # also over an equal file, which is then as young as a new one
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            _sync(path.parent)
        return digest

    def remove_unnamed(self, shard: str, named: Callable[[Collection[str]], Collection[str]], grace: float = GRACE) -> int:
        """Remove the old files of a shard that no row names, and return how many. ``named`` returns which digests have rows."""
        old = [path for path in self._files(shard) if _age(path) > grace]
        parts = [path for path in old if path.suffix == PART]
        digests = {path.stem for path in old if path.suffix == SUFFIX}
        unnamed = digests - set(named(digests)) if digests else set()
        return sum(self._remove(path, grace) for path in [*parts, *map(self.path_of, sorted(unnamed))])

    def _files(self, shard: str) -> list[Path]:
        try:
            return sorted((self.path / shard).iterdir())
        except FileNotFoundError:
            return []

    def _remove(self, path: Path, grace: float) -> bool:
        """Remove a file unless it was written anew in the meantime."""
        with self._locked(fcntl.LOCK_EX), suppress(FileNotFoundError):
            if _age(path) > grace:
                path.unlink()
                return True
        return False

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold the lock: those who write hold it together, who removes holds it alone."""
        file = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, how)
            yield
        finally:
            os.close(file)


def _age(path: Path) -> float:
    """Return the seconds since a file was written here; one that was restored from a backup is new. Infinite for none."""
    try:
        return time.time() - path.stat().st_ctime
    except FileNotFoundError:
        return float("-inf")


def _write(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
