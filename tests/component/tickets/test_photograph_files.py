"""A file that no row names, as a crash before the commit leaves one, is removed; every other stays."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from chassis.persistence import Store, machine_now
from chassis.persistence.migrate import upgrade
from cli.services import definition
from services.tickets.photographs import rows
from services.tickets.photographs.file_store import SHARDS, FileStore
from services.tickets.photographs.provider import Cleaner


def test_only_what_no_row_names_is_removed(tmp_path: Path) -> None:
    url, defined, files = f"sqlite:///{tmp_path}/tickets.db", definition("tickets"), FileStore(tmp_path / "files")
    upgrade("services.tickets", url)
    files.check()
    named, unnamed = ([files.write(f"{kind} {number}".encode()) for number in range(40)] for kind in ("named", "unnamed"))
    with closing(Store(url, defined.tables, defined.mappers)) as store:
        with store.transaction() as connection:
            for number, digest in enumerate(named):
                size = {"bytes": 7, "width": 1, "height": 1, "lat": None, "lon": None}
                row = {"ticket": "T1", "id": f"P{number}", "digest": digest, "by": "desk", "purpose": None}
                rows.add(connection, {**row, **size, "made_at": machine_now()})
            assert rows.counts(connection, "T1") == (40, 0)
        young, old = Cleaner(store, files), Cleaner(store, files, grace=-1)
        for cleaner, left in ((young, {*named, *unnamed}), (old, {*named}), (old, {*named})):
            assert {cleaner.step() for _ in SHARDS} == {0}
            assert {path.stem for path in files.path.glob("*/*")} == left
