"""The check of an exported log (`services.ledger.domain.log_file`). It needs the file alone: no database and no network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.events.sequences import ANNOUNCEMENTS
from services.ledger.domain.checkpoint import END, SignedCheckpoint
from services.ledger.domain.keyring import ClockStep, Key, Keyring, Signatures, Untrusted
from services.ledger.domain.log_file import BadLine, Entry, Header, LineReader
from services.ledger.domain.merkle import Frontier
from services.ledger.domain.prior_log import ContinuityCheck, NotContinued, PriorLog
from services.ledger.domain.sequence_comparison import Fork, Gap, NumberedEvent, find_gaps_and_forks


class AuditError(Exception):
    """Raised for the first error in a file; the message names its place."""


@dataclass
class AuditReport:
    """The verified facts. ``found`` are gaps and forks in the sources' numbers: the log is whole, its sources are not.

    ``runs`` says which key signed which checkpoints, ``key`` which signed the end; ``steps`` where the clock had gone back.
    """

    entries: int
    checkpoints: int
    root: str
    taken_at: datetime
    key: str
    runs: list[Signatures]
    steps: list[ClockStep]
    proof: list[bytes] | None = None
    """Hashes that prove that the log continues the earlier one (RFC 9162, 2.1.4); None without an earlier one."""
    found: list[Gap | Fork] = field(default_factory=list)


def audit(lines: Iterable[bytes], trusted: Iterable[Key] | None, earlier: PriorLog | None = None) -> AuditReport:
    """Verify a file: form, positions, leaves, root and signature of every checkpoint, that each continues the one before.

    ``trusted`` are the keys that the reader trusts; None takes the file's own word for it. Checkpoints are ordered by their
    position in the file; their times may go back, since a clock may, and the report says where. The log
    must continue ``earlier``. Raises AuditError naming the first bad line.
    """
    return _Audit(None if trusted is None else Keyring(trusted), ContinuityCheck(earlier) if earlier else None).read(lines)


class _Audit:
    def __init__(self, keyring: Keyring | None, earlier: ContinuityCheck | None):
        self._given = keyring
        self._earlier = earlier
        self._keyring = keyring or Keyring(())
        self._reader = LineReader()
        self._named: tuple[bytes, ...] = ()
        self._log = Frontier()
        self._checkpoints = 0
        self._numbered: list[NumberedEvent] = []
        self._announced: dict[tuple[str, str], int] = {}
        self._end: SignedCheckpoint | None = None
        self._where = "the file"

    def read(self, lines: Iterable[bytes]) -> AuditReport:
        for number, line in enumerate(lines, start=1):
            self._where = f"line {number}"
            try:
                self._take(number, self._reader.read(line))
            except (BadLine, NotContinued) as wrong:
                raise self._bad(str(wrong)) from None
        if not self._end:
            raise AuditError(f"the file breaks off after {self._where}: it has no signed end")
        proof = self._proof()
        found = list(find_gaps_and_forks(self._numbered, self._announced))
        taken_at, key, keyring = self._end.checkpoint.taken_at, self._end.key, self._keyring
        return AuditReport(
            self._log.size, self._checkpoints, self._log.root(), taken_at, key, keyring.runs, keyring.steps, proof, found
        )

    def _proof(self) -> list[bytes] | None:
        try:
            return self._earlier.finish(self._log, self._keyring.publics) if self._earlier else None
        except NotContinued as wrong:
            raise AuditError(f"the log {wrong}") from None

    def _take(self, number: int, said: Header | Entry | SignedCheckpoint) -> None:
        if self._end:
            raise self._bad("comes after the end")
        if (number == 1) != isinstance(said, Header):
            raise self._bad("the first line is the header, and no other")
        if isinstance(said, Header):
            self._named = said.publics
            self._keyring = self._given or Keyring(map(Key, said.publics))
        elif isinstance(said, Entry):
            self._entry(said)
        else:
            self._signed(said)

    def _entry(self, entry: Entry) -> None:
        place = self._log.size
        if entry.position != place:
            raise self._bad(f"want entry {place}, there is entry {entry.position}")
        self._where += f", entry {place}"
        if entry.said != entry.leaf:
            raise self._bad("was changed: its leaf's hash is another")
        self._log.append(entry.leaf)
        if self._earlier:
            self._earlier.entry(entry.leaf, self._log)
        numbered = self._event(entry.body)
        self._numbered.append(numbered)
        if numbered.type in ANNOUNCEMENTS:
            self._note_announced(numbered.source, entry.body)

    def _event(self, body: Mapping[str, Any]) -> NumberedEvent:
        texts = [body.get(name) for name in ("source", "subject", "id", "type")]
        sequence = body.get("sequence")
        if type(sequence) is not int or not all(isinstance(text, str) and text for text in texts):
            raise self._bad("is no event")
        source, subject, id_, type_ = map(str, texts)
        return NumberedEvent(source, subject, sequence, id_, type_)

    def _note_announced(self, source: str, body: Mapping[str, Any]) -> None:
        data = body.get("data")
        reached = data.get("reached") if isinstance(data, dict) else None
        if not isinstance(reached, list):
            raise self._bad("is no announcement")
        for one in reached:
            subject, last = (one.get("subject"), one.get("last")) if isinstance(one, dict) else (None, None)
            if not isinstance(subject, str) or type(last) is not int:
                raise self._bad("is no announcement")
            self._announced[source, subject] = max(last, self._announced.get((source, subject), 0))

    def _signed(self, signed: SignedCheckpoint) -> None:
        point = signed.checkpoint
        self._where += f", checkpoint {point.number}"
        if point.number != self._checkpoints + 1:
            raise self._bad(f"want checkpoint {self._checkpoints + 1}")
        if point.size != self._log.size:
            raise self._bad(f"counts {point.size} entries, {self._log.size} are there")
        try:
            self._keyring.accept(signed)
        except Untrusted as wrong:
            raise self._bad(str(wrong)) from None
        if point.root != self._log.root():
            raise self._bad("its root is not that of the entries before it: one of them was changed")
        if point.origin != END:
            self._checkpoints += 1
            if self._earlier:
                self._earlier.checkpoint(signed)
            return
        self._end = signed
        if list(self._named) != self._keyring.signers:
            raise self._bad("the header names other keys than those that signed")

    def _bad(self, what: str) -> AuditError:
        return AuditError(f"{self._where}: {what}")
