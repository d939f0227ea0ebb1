"""The directory outside the database with the published checkpoints: WHISTLE_LEDGER_CHECKPOINT_DIR.

``ledger-checkpoints.jsonl`` has every signed checkpoint, a line each as in an exported log; it only grows, and
`whistle ledger verify --since` reads it. ``ledger-frontier.json`` has size and root of the log as a process saw it last, so
that what came after the last checkpoint is compared as well. Processes may share the directory.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from environs import FileAwareEnv

from chassis.errors import OperatorError
from services.ledger.domain.canonical import canonical
from services.ledger.domain.checkpoint import SignedCheckpoint
from services.ledger.domain.log_comparison import KnownRoot
from services.ledger.domain.log_file import BadLine, LineReader, checkpoint_line
from services.ledger.domain.merkle import Frontier

KEY = "WHISTLE_LEDGER_CHECKPOINT_DIR"
MAX_LINE = 4096
"""Bytes. A checkpoint's line has about 500."""
CHECKPOINTS, FRONTIER = "ledger-checkpoints.jsonl", "ledger-frontier.json"


class BadCheckpointDir(OperatorError):
    """Raised where a file of the directory cannot be read or written, or was changed. The message names it and the line."""


class CheckpointDir:
    """One directory. Every method raises BadCheckpointDir."""

    def __init__(self, path: Path):
        self.path = path
        self._checkpoints, self._frontier = path / CHECKPOINTS, path / FRONTIER

    @classmethod
    def of_environment(cls) -> "CheckpointDir | None":
        """Return the deployment's directory; None where it has none."""
        path = FileAwareEnv().path(KEY, None)
        return cls(path) if path else None

    def checkpoints(self) -> list[SignedCheckpoint]:
        """Return the published checkpoints, the first first."""
        with self._held() as file:
            return list(self._read(file))

    def append(self, published: list[SignedCheckpoint]) -> None:
        """Add checkpoints; those whose numbers are there already are not added again."""
        with self._held() as file:
            last = self._last_number(file)
            for signed in published:
                if signed.checkpoint.number > last:
                    file.write(checkpoint_line(signed))
            file.flush()
            os.fsync(file.fileno())

    def frontier(self) -> KnownRoot | None:
        """Return the size and root that a process saw last; None where none did yet."""
        try:
            said = json.loads(self._frontier.read_bytes())
            return KnownRoot(int(said["size"]), str(said["root"]), f"{self._frontier} was written")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise BadCheckpointDir(f"{self._frontier}: cannot be read; move it away when you know why") from None

    def keep_frontier(self, frontier: Frontier) -> None:
        """Replace size and root, unless another process saw a larger log."""
        with self._held():
            before = self.frontier()
            if before and before.size >= frontier.size:
                return
            new = self._frontier.with_suffix(".new")
            new.write_bytes(canonical({"size": frontier.size, "root": frontier.root()}) + b"\n")
            new.replace(self._frontier)

    @contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with self._checkpoints.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                yield file
        except OSError as wrong:
            raise BadCheckpointDir(f"{self.path}: {wrong.strerror}; {KEY} wants a directory that can be written") from None

    def _last_number(self, file: BinaryIO) -> int:
        """Return the number of the file's last checkpoint, 0 for none; the part before it is not read.

        The file grows by a line an hour: to read it from the start each time would take ever longer.
        """
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - MAX_LINE - 1))
        lost_tail = file.read()
        lines = lost_tail.splitlines(keepends=True)
        if not lines or not lost_tail.endswith(b"\n") or (len(lines) == 1 and len(lost_tail) < end):
            file.seek(0)
            return max((one.checkpoint.number for one in self._read(file)), default=0)
        try:
            said = LineReader().read(lines[-1])
        except BadLine as wrong:
            raise BadCheckpointDir(f"{self._checkpoints}: last line: {wrong}") from None
        if not isinstance(said, SignedCheckpoint):
            raise BadCheckpointDir(f"{self._checkpoints}: last line: is no checkpoint")
        return said.checkpoint.number

    def _read(self, file: BinaryIO) -> Iterator[SignedCheckpoint]:
        reader, whole = LineReader(), 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):  # a process died while it wrote: the database still has that checkpoint
                file.truncate(whole)
                return
            whole += len(line)
            try:
                said = reader.read(line)
            except BadLine as wrong:
                raise BadCheckpointDir(f"{self._checkpoints}: line {number}: {wrong}") from None
            if not isinstance(said, SignedCheckpoint):
                raise BadCheckpointDir(f"{self._checkpoints}: line {number}: is no checkpoint")
            yield said
