"""The store's errors, translated from a driver's errors."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from chassis.errors import OperatorError

_CONFLICTS = {"40001", "40P01"}
"""SQLSTATE of a serialization failure and of a deadlock: the transaction is run again."""
_OUTAGES = {"25006", "53000", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P02", "57P03", "58000", "58030"}
"""SQLSTATE of outages, which no event causes: read only, out of some resource, disk full, out of memory, too many connections,
a lock not obtained in time, a statement not finished in time, shutting down, crashed, starting up, a system error, a disk
error."""
_INTERNAL, _NO_ROOM = "XX000", "could not extend file"
"""The error and text of the server at the limit of a quota or of a file's size."""
_REFUSED = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "permission denied for database",
)
"""Texts of the server: the driver gives no code for these errors. In another language such an error is an ordinary outage."""
_SQLITE_OUTAGES = tuple(
    f"SQLITE_{name}"
    for name in ("AUTH", "BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOMEM", "PERM", "PROTOCOL", "READONLY")
)
"""Prefixes of the names of SQLite errors that the file or the disk causes."""
_SQLITE_DAMAGES = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
FILE = "whistle_file"
"""The attribute of a driver's error that names the SQLite file; see `chassis.persistence.engine`."""


class StoreUnavailable(OperatorError):
    """The store cannot be reached or cannot write. This is an outage and never counts as an event's failed attempt."""


class StoreRefused(StoreUnavailable):
    """The database is running but refuses this name and password, or has no such database."""


class StoreDamaged(StoreUnavailable):
    """A file of the store is damaged: a person has to decide how to continue. The message names the file."""


class StoreConflict(Exception):
    """Two transactions conflicted and this one was aborted. Run it again."""


def translated(wrong: DBAPIError) -> Exception:
    """Return the store's error for a driver's error, or the driver's error itself."""
    if getattr(wrong.orig, "pgcode", None) in _CONFLICTS:
        return StoreConflict(_first_line(wrong))
    if str(getattr(wrong.orig, "sqlite_errorname", "")).startswith(_SQLITE_DAMAGES):
        return StoreDamaged(f"{_first_line(wrong)}; restore it from a backup")
    if not _is_outage(wrong):
        return wrong
    refused = [line for line in str(wrong.orig).splitlines() if any(words in line for words in _REFUSED)]
    return StoreRefused(refused[0].strip()) if refused else StoreUnavailable(_first_line(wrong) or "connection lost")


def _is_outage(wrong: DBAPIError) -> bool:
    if wrong.connection_invalidated or isinstance(wrong, InterfaceError):
        return True
    if sqlite := getattr(wrong.orig, "sqlite_errorname", None):
        return str(sqlite).startswith(_SQLITE_OUTAGES)
    state = getattr(wrong.orig, "pgcode", None)
    if state == _INTERNAL:
        return _NO_ROOM in str(wrong.orig)
    return state in _OUTAGES or (isinstance(wrong, OperationalError) and state is None)


def _first_line(wrong: DBAPIError) -> str:
    said = next(iter(str(wrong.orig).strip().splitlines()), "")
    file = getattr(wrong.orig, FILE, None)
    return f"{file}: {said}" if file else said
