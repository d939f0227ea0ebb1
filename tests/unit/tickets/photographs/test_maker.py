"""A picture is made in a process of its own, which hostile files cannot keep for ever."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chassis.effects import Refused
from chassis.http import Problem
from chassis.http.files import SentFile
from contracts.photographs import NOT_READABLE, TOO_MANY_PIXELS, TOO_SLOW
from services.tickets.domain.photographs import FIELD, photograph_id, require_room
from services.tickets.photographs.file_store import FileStore
from services.tickets.photographs.maker import Maker
from tests.kit.pictures import bomb, located, opened, picture


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    made = FileStore(tmp_path / "files")
    made.check()
    return made


def test_a_picture_is_stored_before_its_description_is_returned(files: FileStore) -> None:
    image = Maker(files).stored(SentFile("image/jpeg", picture(gps=located())))
    content = files.path_of(image.digest).read_bytes()
    assert (image.bytes, opened(content).size) == (len(content), (image.width, image.height))
    assert (image.lat, image.lon) == (34.3412, 108.939722)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGBA"), ("JPEG", "RGB")])
def test_the_largest_picture_fits_into_the_limits_of_the_process(files: FileStore, kind: str, mode: str) -> None:
    image = Maker(files).stored(SentFile(f"image/{kind.lower()}", picture((10_000, 5_000), kind, mode)))
    assert (image.width, image.height) == (1600, 800)


@pytest.mark.parametrize(("content", "reason"), [(bomb(), TOO_MANY_PIXELS), (b"\x89PNG\r\n\x1a\n", NOT_READABLE)])
def test_a_bad_file_is_refused_by_its_field(files: FileStore, content: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        Maker(files).stored(SentFile("image/png", content))
    assert refused.value.errors == {FIELD: reason}
    assert not list(files.path.glob("*/*"))


def test_the_process_has_a_time_limit(files: FileStore) -> None:
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        Maker(files, seconds=0.01).stored(SentFile("image/jpeg", picture((4000, 3000))))
    assert refused.value.errors == {FIELD: TOO_SLOW}
    assert time.monotonic() - began < 10


def test_what_cannot_be_stored_may_be_sent_again(tmp_path: Path) -> None:
    with pytest.raises(Problem) as wrong:
        Maker(FileStore(tmp_path / "nothing here")).stored(SentFile("image/jpeg", picture()))
    assert wrong.value.status == 503


def test_a_ticket_has_room_for_some() -> None:
    require_room(49, 10, by_link=False)
    require_room(20, 9, by_link=True)
    for attached, by_links, by_link in ((50, 0, False), (50, 0, True), (10, 10, True)):
        with pytest.raises(Refused):
            require_room(attached, by_links, by_link)


def test_the_id_follows_from_ticket_and_content() -> None:
    one = photograph_id("T1", "a")
    assert one == photograph_id("T1", "a")
    assert len({one, photograph_id("T2", "a"), photograph_id("T1", "b")}) == 3
