"""An exported log, and the check of one that needs nothing but the file: no database, no service, no network.

A file is lines of canonical JSON (keys sorted, compact, UTF-8): a header with the public keys that signed; the entries, each
with its place and its leaf's hash; each checkpoint after the entries it counts; and a signed end. Every byte counts: a line
that is not canonical is bad, even where it would be read as the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.events.sequences import ANNOUNCEMENTS
from services.ledger.domain.checkpoint import END, ORIGIN, Checkpoint, Signed
from services.ledger.domain.gaps import Fork, Hole, Numbered, findings
from services.ledger.domain.keyring import Key, Keyring, Signatures, Untrusted
from services.ledger.domain.merkle import Frontier, leaf_hash

FORMAT = "whistle-ledger"
VERSION = 2


class Bad(Exception):
    """The first thing that is wrong with a file, and where."""


@dataclass
class Report:
    """What was verified. ``found`` are holes and forks in the sources' numbers: the log is whole, what it heard is not.

    ``runs`` says which key signed which checkpoints, ``key`` which signed the end.
    """

    entries: int
    checkpoints: int
    root: str
    taken_at: datetime
    key: str
    runs: list[Signatures]
    found: list[Hole | Fork] = field(default_factory=list)


def canonical(whole: Any) -> bytes:
    """The one spelling of a JSON value that is hashed and compared."""
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def header(publics: Iterable[bytes]) -> bytes:
    """The first line: the keys that signed, the first first."""
    return canonical({"format": FORMAT, "version": VERSION, "keys": [public.hex() for public in publics]}) + b"\n"


def entry_line(position: int, body: bytes) -> bytes:
    """An entry's line; ``body`` is canonical already, and is what the leaf is hashed from."""
    return b'{"body":%b,"entry":%d,"leaf":"%b"}\n' % (body, position, leaf_hash(body).hex().encode())


def checkpoint_line(signed: Signed) -> bytes:
    """A checkpoint's line, or that of the end."""
    point = signed.checkpoint
    said = {
        "number": point.number,
        "size": point.size,
        "root": point.root,
        "taken_at": point.taken_at.astimezone(UTC).isoformat(),
        "key": signed.key,
        "signature": signed.signature,
        **({"next_key": point.next_key} if point.next_key else {}),
    }
    return canonical({"end" if point.origin == END else "checkpoint": said}) + b"\n"


def audit(lines: Iterable[bytes], trusted: Iterable[Key] | None) -> Report:
    """Verify a file: form, places, leaves, root and signature of every checkpoint, that each continues the one before.

    ``trusted`` are the keys that the reader trusts; None takes the file's own word for it. Raises Bad naming the first bad
    line.
    """
    return _Audit(None if trusted is None else Keyring(trusted)).read(lines)


class _Audit:
    def __init__(self, keyring: Keyring | None):
        self._given = keyring
        self._keyring = keyring or Keyring(())
        self._named: list[bytes] = []
        self._log = Frontier()
        self._checkpoints = 0
        self._numbered: list[Numbered] = []
        self._announced: dict[tuple[str, str], int] = {}
        self._end: Signed | None = None
        self._where = "the file"

    def read(self, lines: Iterable[bytes]) -> Report:
        for number, (kind, said) in enumerate(self._parsed(lines), start=1):
            if self._end:
                raise self._bad("comes after the end")
            if (number == 1) != (kind == "header"):
                raise self._bad("the first line is the header, and no other")
            {"header": self._header, "entry": self._entry, "checkpoint": self._checkpoint, "end": self._ends}[kind](said)
        if not self._end:
            raise Bad(f"the file breaks off after {self._where}: it has no signed end")
        found = list(findings(self._numbered, self._announced))
        taken_at, key = self._end.checkpoint.taken_at, self._end.key
        return Report(self._log.size, self._checkpoints, self._log.root(), taken_at, key, self._keyring.runs, found)

    def _parsed(self, lines: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
        for number, line in enumerate(lines, start=1):
            self._where = f"line {number}"
            try:
                whole = json.loads(line)
            except (ValueError, RecursionError):
                raise self._bad("is not JSON") from None
            if not isinstance(whole, dict) or canonical(whole) + b"\n" != line:
                raise self._bad("is not canonical JSON")
            kinds = {
                ("format", "keys", "version"): "header",
                ("body", "entry", "leaf"): "entry",
                ("checkpoint",): "checkpoint",
                ("end",): "end",
            }
            kind = kinds.get(tuple(sorted(whole)))
            if kind is None:
                raise self._bad("is neither entry nor checkpoint")
            yield kind, whole[kind] if kind in ("checkpoint", "end") else whole

    def _header(self, said: Mapping[str, Any]) -> None:
        if (said["format"], said["version"]) != (FORMAT, VERSION):
            raise self._bad(f"want format {FORMAT}, version {VERSION}")
        if not isinstance(said["keys"], list):
            raise self._bad("want a list of keys")
        self._named = [self._hexadecimal(text, 32) for text in said["keys"]]
        self._keyring = self._given or Keyring(map(Key, self._named))

    def _entry(self, said: Mapping[str, Any]) -> None:
        place = self._log.size
        if said["entry"] != place or isinstance(said["entry"], bool):
            raise self._bad(f"want entry {place}, there is entry {said['entry']}")
        self._where += f", entry {place}"
        body = said["body"]
        leaf = leaf_hash(canonical(body))
        if said["leaf"] != leaf.hex():
            raise self._bad("was changed: its leaf's hash is another")
        self._log.append(leaf)
        try:
            numbered = Numbered(body["source"], body["subject"], int(body["sequence"]), body["id"], body["type"])
            for one in body["data"]["reached"] if numbered.type in ANNOUNCEMENTS else ():
                about = numbered.source, str(one["subject"])
                self._announced[about] = max(int(one["last"]), self._announced.get(about, 0))
        except (KeyError, TypeError, ValueError):
            raise self._bad("is no event") from None
        self._numbered.append(numbered)

    def _checkpoint(self, said: Any) -> None:
        self._signed(said, ORIGIN)
        self._checkpoints += 1

    def _ends(self, said: Any) -> None:
        self._end = self._signed(said, END)
        if self._named != self._keyring.signers:
            raise self._bad("the header names other keys than those that signed")

    def _signed(self, said: Any, origin: str) -> Signed:
        signed = self._spelled(said, origin)
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
        return signed

    def _spelled(self, said: Any, origin: str) -> Signed:
        try:
            taken = datetime.fromisoformat(said["taken_at"])
            point = Checkpoint(said["number"], said["size"], said["root"], taken, origin, said.get("next_key"))
            signed = Signed(point, said["key"], said["signature"])
            spelled = json.loads(checkpoint_line(signed))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._bad("is no checkpoint") from None
        if said not in spelled.values():
            raise self._bad("is spelled in another way than it is written")
        self._hexadecimal(point.root, 32)
        self._hexadecimal(signed.signature, 64)
        if point.next_key is not None:
            self._hexadecimal(point.next_key, 32)
        return signed

    def _hexadecimal(self, text: Any, size: int) -> bytes:
        try:
            value = bytes.fromhex(text)
        except (TypeError, ValueError):
            value = b""
        if len(value) != size or value.hex() != text:
            raise self._bad(f"want {size} bytes in hexadecimal")
        return value

    def _bad(self, what: str) -> Bad:
        return Bad(f"{self._where}: {what}")
