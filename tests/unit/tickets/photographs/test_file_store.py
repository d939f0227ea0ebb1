"""Files are named by their content, private, whole, and removed only if no row names them."""

from __future__ import annotations

import stat
from collections.abc import Collection
from pathlib import Path

import pytest

from services.tickets.photographs.file_store import PART, BadFilesDir, FileStore


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    made = FileStore(tmp_path / "files")
    made.check()
    return made


def names(files: FileStore) -> set[str]:
    """Every file, except the lock."""
    return {path.name for path in files.path.rglob("*") if path.is_file() and path.name != "lock"}


def test_a_file_is_named_by_its_content_and_private(files: FileStore) -> None:
    digest = files.write(b"a picture")
    assert files.write(b"a picture") == digest
    path = files.path_of(digest)
    assert (path.read_bytes(), names(files)) == (b"a picture", {f"{digest}.jpg"})
    modes = {stat.S_IMODE(one.stat().st_mode) for one in (path, files.path / "lock")}
    assert modes == {0o600}
    assert {stat.S_IMODE(one.stat().st_mode) for one in (files.path, path.parent)} == {0o700}


def test_what_no_row_names_is_removed_after_the_grace(files: FileStore) -> None:
    kept, unnamed = files.write(b"kept"), files.write(b"unnamed")
    part = files.path_of(unnamed).parent / f"abc{PART}"
    part.write_bytes(b"half")

    def named(digests: Collection[str]) -> set[str]:
        return {kept} & set(digests)

    shards = {kept[:2], unnamed[:2]}
    assert [files.remove_unnamed(shard, named) for shard in shards] == [0] * len(shards), "they are young"
    assert names(files) == {f"{kept}.jpg", f"{unnamed}.jpg", part.name}
    assert sum(files.remove_unnamed(shard, named, grace=-1) for shard in shards) == 2
    assert names(files) == {f"{kept}.jpg"}
    assert files.remove_unnamed("zz", named) == 0


def test_a_file_that_is_written_anew_meanwhile_stays(files: FileStore) -> None:
    digest = files.write(b"a picture")
    path = files.path_of(digest)
    before = path.stat().st_ino

    def named(_: Collection[str]) -> set[str]:
        files.write(b"a picture")  # an upload, after the files were listed and before one is removed
        return set()

    files.remove_unnamed(digest[:2], named, grace=60)
    assert path.exists()
    files.write(b"a picture")
    assert path.stat().st_ino != before, "it is a new file, as young as its last upload"


def test_a_directory_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()
    with pytest.raises(BadFilesDir, match="WHISTLE_TICKETS_FILES_DIR"):
        FileStore(file).check()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_no_descriptor_is_left_open(files: FileStore) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        files.write(bytes([number]))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
