"""The lines of an exported log: their writer, and a reader that accepts exactly the canonical text of each line.

A file is lines of canonical JSON: a header with the public keys that signed; the entries, each with its position and its
leaf's hash; each checkpoint after the entries it counts; and a signed end. The reader parses a line, checks the type of every
field, writes the line again and compares the bytes: so duplicate names, unknown fields, other number formats, upper-case
hexadecimal, white space and whatever follows the value are refused by one comparison.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, NoReturn

from services.ledger.domain.canonical import canonical, canonical_2
from services.ledger.domain.checkpoint import END, ORIGIN, Checkpoint, SignedCheckpoint
from services.ledger.domain.merkle import leaf_hash

FORMAT = "whistle-ledger"
VERSION = 3
OLD_VERSION = 2
MAX_LINE = 4 * 1024 * 1024
"""Bytes. An event is smaller than 256 KiB; a longer line is no line of a log."""


class BadLine(Exception):
    """Raised for a wrong line; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Header:
    """``publics`` are the keys that signed, the first first. Entries before ``rfc8785_from`` are canonical as in version 2."""

    publics: tuple[bytes, ...]
    rfc8785_from: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry's position, its body, and the leaf's hash (32 bytes) as the line says it and as the body makes it."""

    position: int
    body: Mapping[str, Any]
    said: bytes
    leaf: bytes


def header(publics: Iterable[bytes], rfc8785_from: int = 0) -> bytes:
    """Return the first line. Entries before position ``rfc8785_from`` were recorded in the canonical form of version 2."""
    keys = [public.hex() for public in publics]
    return canonical({"format": FORMAT, "version": VERSION, "keys": keys, "rfc8785_from": rfc8785_from}) + b"\n"


def header_2(publics: Iterable[bytes]) -> bytes:
    """Return the first line of a file of version 2."""
    return canonical({"format": FORMAT, "version": OLD_VERSION, "keys": [public.hex() for public in publics]}) + b"\n"


def entry_line(position: int, body: bytes) -> bytes:
    """Return an entry's line; ``body`` is canonical already, and is what the leaf is hashed from."""
    return _entry_line(position, body, leaf_hash(body))


def _entry_line(position: int, body: bytes, leaf: bytes) -> bytes:
    return b'{"body":%b,"entry":%d,"leaf":"%b"}\n' % (body, position, leaf.hex().encode())


def checkpoint_line(signed: SignedCheckpoint) -> bytes:
    """Return a checkpoint's line, or that of the end."""
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


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file's lines. Of a too long line only the first bytes are read, enough to refuse it."""
    return iter(lambda: file.readline(MAX_LINE + 1), b"")


class LineReader:
    """Reads the lines of one file. The header, where there is one, decides how entries are written."""

    def __init__(self) -> None:
        self._rfc8785_from: int | None = 0

    def read(self, line: bytes) -> Header | Entry | SignedCheckpoint:
        """Return the content of a line. Raises BadLine."""
        whole = _parsed(line)
        kind = tuple(sorted(whole))
        if kind in {("format", "keys", "version"), ("format", "keys", "rfc8785_from", "version")}:
            return self._header(whole, line)
        if kind == ("body", "entry", "leaf"):
            return self._entry(whole, line)
        if kind in {("checkpoint",), ("end",)}:
            return _signed(whole[kind[0]], END if kind == ("end",) else ORIGIN, line)
        raise BadLine("is neither header, entry nor checkpoint")

    def _header(self, said: Mapping[str, Any], line: bytes) -> Header:
        version = _whole(said, "version")
        if said["format"] != FORMAT or version not in {OLD_VERSION, VERSION}:
            raise BadLine(f"want format {FORMAT}, version {VERSION} or {OLD_VERSION}")
        if not isinstance(said["keys"], list):
            raise BadLine("keys: want a list")
        publics = tuple(_hexadecimal(text, 32, "keys") for text in said["keys"])
        if version == VERSION and "rfc8785_from" not in said:
            raise BadLine("rfc8785_from: missing")
        self._rfc8785_from = _whole(said, "rfc8785_from") if version == VERSION else None
        written = header_2(publics) if self._rfc8785_from is None else header(publics, self._rfc8785_from)
        _must_be(line, written)
        return Header(publics, self._rfc8785_from)

    def _entry(self, said: Mapping[str, Any], line: bytes) -> Entry:
        position = _whole(said, "entry")
        leaf = _hexadecimal(said["leaf"], 32, "leaf")
        if not isinstance(said["body"], dict):
            raise BadLine("body: want an object")
        old = self._rfc8785_from is None or position < self._rfc8785_from
        try:
            body = (canonical_2 if old else canonical)(said["body"])
        except (ValueError, RecursionError):
            raise BadLine("body: has no canonical form") from None
        _must_be(line, _entry_line(position, body, leaf))
        return Entry(position, said["body"], leaf, leaf_hash(body))


def _signed(said: Any, origin: str, line: bytes) -> SignedCheckpoint:
    if not isinstance(said, dict):
        _no_checkpoint()
    try:
        taken = datetime.fromisoformat(said["taken_at"])
        key, signature = said["key"], said["signature"]
        number, size, root, next_key = _whole(said, "number"), _whole(said, "size"), said["root"], said.get("next_key")
    except (KeyError, TypeError, ValueError):
        _no_checkpoint()
    _hexadecimal(root, 32, "root")
    _hexadecimal(key, 8, "key")
    _hexadecimal(signature, 64, "signature")
    if next_key is not None:
        _hexadecimal(next_key, 32, "next_key")
    signed = SignedCheckpoint(Checkpoint(number, size, root, taken, origin, next_key), key, signature)
    _must_be(line, checkpoint_line(signed))
    return signed


def _no_checkpoint() -> NoReturn:
    raise BadLine("is no checkpoint")


def _parsed(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise BadLine(f"is longer than {MAX_LINE} bytes")
    try:
        whole = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadLine("is not JSON") from None
    if not isinstance(whole, dict):
        raise BadLine("is no JSON object")
    return whole


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _whole(said: Mapping[str, Any], name: str) -> int:
    """Return a field that is a whole number: neither a boolean nor 1.0, which Python compares as equal."""
    value = said[name]
    if type(value) is not int or value < 0:
        raise BadLine(f"{name}: want a whole number")
    return value


def _hexadecimal(text: Any, size: int, name: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except (TypeError, ValueError):
        value = b""
    if len(value) != size or value.hex() != text:
        raise BadLine(f"{name}: want {size} bytes in lower-case hexadecimal")
    return value


def _must_be(line: bytes, written: bytes) -> None:
    if line != written:
        raise BadLine("is not the canonical form of what it says")
