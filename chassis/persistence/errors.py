"""What a driver's errors mean to those who use a store."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from chassis.errors import OperatorError

_CONFLICTS = {"40001", "40P01"}
"""SQLSTATE of a serialization failure and of a deadlock: the transaction is simply run again."""
_OUTAGES = {"25006", "53000", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P02", "57P03", "58000", "58030"}
"""Read only, out of some resource, disk full, out of memory, too many connections, a lock not had in time, a statement not done
in time, shutting down, crashed, starting up, an error of its system, of its disk: no event is to blame."""
_INTERNAL, _NO_ROOM = "XX000", "could not extend file"
"""What the server says where a quota, or a limit on the length of a file, is at its end."""
_REFUSED = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "permission denied for database",
)
"""The driver gives no code for it, only the server's words; in another language it is an outage like any other."""
_SQLITE_OUTAGES = tuple(
    f"SQLITE_{name}"
    for name in ("AUTH", "BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOMEM", "PERM", "PROTOCOL", "READONLY")
)
"""How SQLite's names begin where the file or the disk is to blame."""
_SQLITE_DAMAGES = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
FILE = "whistle_file"
"""The attribute of a driver's error that names the SQLite file; see `chassis.persistence.engine`."""


class StoreUnavailable(OperatorError):
    """The store cannot be reached or cannot write. An outage, never an event's failed attempt."""


class StoreRefused(StoreUnavailable):
    """The database lives and lets nobody in with this name and password, or has no such database."""


class StoreDamaged(StoreUnavailable):
    """A file of the store is damaged: a person has to decide what becomes of it. The message names the file."""


class StoreConflict(Exception):
    """Two transactions were in each other's way and this one gave in. Run it again."""


def translated(wrong: DBAPIError) -> Exception:
    """The chassis' name for a driver's error, or the error itself."""
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
