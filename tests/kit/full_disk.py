"""A PostgreSQL whose disk is full, without a disk of its own, a mount or root.

Its processes may make no file longer than a limit (RLIMIT_FSIZE), and a table is made as long as that. The limit lies in the
middle of a page: the kernel writes half of what the table is to grow by, and PostgreSQL says 53100, as it does of a full disk.
Its log is in files that are shorter, as if it were on a disk of its own. (Where it is not, a full disk ends the server.)

As on a real disk, what fits into pages that are there is still written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from tests.kit.postgres import PostgresServer

PAGE = 8192
PAGES = 17 * 2**20 // PAGE
"""Pages of a table that is longer than a file of the log, and than any table of a test."""


@contextlib.contextmanager
def full(server: PostgresServer, databases: Sequence[str], table: str) -> Iterator[None]:
    """Prevent a table from growing in these databases within the block. Raises ServerError where that is impossible."""
    for database in databases:
        _lengthen(server, database, table)
    _limit(server, str(PAGES * PAGE + PAGE // 2))
    try:
        yield
    finally:
        _limit(server, "unlimited")


def _lengthen(server: PostgresServer, database: str, table: str) -> None:
    """Append pages of zeros, which PostgreSQL takes for unused ones that it does not know of; a vacuum would find them.

    It may have told of room in the others, for hundreds of rows: the table is written anew, without any.
    """
    server.execute(
        f"ALTER TABLE {table} SET (autovacuum_enabled = false)",
        f"VACUUM FULL {table}",
        database=database,
    )
    query = f"SELECT current_setting('data_directory') || '/' || pg_relation_filepath('{table}')"
    (path,) = server.column(query, database=database)
    server.shell(f"truncate -s '>{PAGES * PAGE}' '{path}'")


def _limit(server: PostgresServer, bytes_: str) -> None:
    """Limit the server's first process, whose children inherit the limit, and then the existing children.

    The kernel names them, not the server: a session that is just being opened is none of its sessions yet.
    """
    first = str(server.column("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)")[0])
    limit = f"prlimit --fsize={bytes_}: --pid"
    server.shell(
        f"{limit} {first}; for pid in $(cat /proc/{first}/task/{first}/children); do"
        f" {limit} $pid 2>/dev/null || ! kill -0 $pid 2>/dev/null || exit 1; done"
    )
