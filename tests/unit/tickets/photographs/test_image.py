"""A picture is made anew: upright, small, without metadata; and what is no picture is refused."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from contracts.photographs import NOT_READABLE, TOO_MANY_PIXELS
from services.tickets.photographs.image import LONGEST, BadImage, Location, made_anew
from tests.kit.pictures import bomb, located, opened, picture

RED, BLUE = "red", "blue"


def colour(image: Any, at: tuple[float, float]) -> str:
    """The colour near a corner, given in parts of width and height."""
    red, _, blue = image.convert("RGB").getpixel((int(at[0] * image.width), int(at[1] * image.height)))
    return RED if red > blue else BLUE


@pytest.mark.parametrize(
    ("orientation", "size", "top_left", "bottom_right"),
    [
        (1, (40, 30), RED, BLUE),
        (2, (40, 30), BLUE, RED),
        (3, (40, 30), BLUE, RED),
        (4, (40, 30), RED, BLUE),
        (5, (30, 40), RED, BLUE),
        (6, (30, 40), RED, BLUE),
        (7, (30, 40), BLUE, RED),
        (8, (30, 40), BLUE, RED),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_stands_as_the_camera_was_held(
    orientation: int, size: tuple[int, int], top_left: str, bottom_right: str, kind: str
) -> None:
    made = made_anew(picture(kind=kind, orientation=orientation), f"image/{kind.lower()}")
    image = opened(made.content)
    assert (image.format, image.size, (made.width, made.height)) == ("JPEG", size, size)
    assert (colour(image, (0.1, 0.1)), colour(image, (0.9, 0.9))) == (top_left, bottom_right)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_location_is_read_and_nothing_of_the_metadata_stays(kind: str) -> None:
    content = picture(kind=kind, gps=located())
    assert b"a camera of the tests" in content
    made = made_anew(content, f"image/{kind.lower()}")
    assert made.location == Location(34.3412, 108.939722)
    image = opened(made.content)
    assert not image.getexif()
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Exif" not in made.content


def test_south_and_west_are_negative() -> None:
    made = made_anew(picture(gps=located((33.0, 30.0, 0.0), (70.0, 15.0, 0.0), "S", "W")), "image/jpeg")
    assert made.location == Location(-33.5, -70.25)


@pytest.mark.parametrize(
    "gps",
    [
        {},
        located(north="X"),
        located(lat=(91.0, 0.0, 0.0)),
        located(lon=(181.0, 0.0, 0.0)),
        located(lat=(0.0, 0.0, 0.0), lon=(0.0, 0.0, 0.0)),
        located(lat=(34.0, 20.0)),
        {1: "N", 2: (34.0, 20.0, 28.0)},
    ],
)
def test_a_location_that_is_none_is_left_out(gps: dict[int, Any]) -> None:
    assert made_anew(picture(gps=gps), "image/jpeg").location is None


def test_damaged_metadata_do_not_make_a_bad_picture() -> None:
    content = picture(gps=located())
    place = content.index(b"Exif\0\0") + 10
    made = made_anew(content[:place] + b"\xff" * 12 + content[place + 12 :], "image/jpeg")
    assert (made.width, made.height, made.location) == (40, 30, None)


@pytest.mark.parametrize(
    ("size", "made_size"), [((4000, 2000), (1600, 800)), ((100, 5000), (32, 1600)), ((1600, 10), (1600, 10))]
)
def test_the_longer_side_has_a_limit(size: tuple[int, int], made_size: tuple[int, int]) -> None:
    made = made_anew(picture(size), "image/jpeg")
    assert (made.width, made.height) == made_size
    assert max(made_size) <= LONGEST


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGBA")],
)
def test_every_kind_of_colour_becomes_rgb(kind: str, mode: str) -> None:
    if mode == "I;16":
        out = io.BytesIO()
        Image.new("I;16", (40, 30), 40_000).save(out, kind)
        content = out.getvalue()
    else:
        content = picture(kind=kind, mode=mode)
    assert opened(made_anew(content, f"image/{kind.lower()}").content).mode == "RGB"


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(made_anew(out.getvalue(), "image/png").content).getpixel((5, 5)) == (255, 255, 255)


def test_of_moving_pictures_the_first_is_taken() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    image = opened(made_anew(out.getvalue(), "image/webp").content)
    assert colour(image, (0.5, 0.5)) == RED


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    assert len(bomb()) < 200
    for side in (8_000, 30_000, 2**31 - 1):
        with pytest.raises(BadImage) as refused:
            made_anew(bomb(side), "image/png")
        assert refused.value.reason == TOO_MANY_PIXELS


def test_what_hides_behind_or_in_a_picture_is_gone() -> None:
    script = b"<html><script>alert(1)</script></html>"
    with_comment = picture(comment=script)
    polyglot = picture() + script + b"PK\x03\x04" + b"\0" * 100
    assert script in with_comment
    for content in (with_comment, polyglot):
        assert b"script" not in made_anew(content, "image/jpeg").content


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_refused(kind: str) -> None:
    content = picture((300, 300), kind, quality=95) if kind != "PNG" else picture((300, 300), kind)
    for end in (20, len(content) // 2, len(content) - (20 if kind == "JPEG" else 200)):
        with pytest.raises(BadImage) as refused:
            made_anew(content[:end], f"image/{kind.lower()}")
        assert refused.value.reason == NOT_READABLE


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/jpeg"),
        (b"\xff\xd8\xff<html>", "image/jpeg"),
        (picture(kind="PNG"), "image/jpeg"),
        (picture(kind="JPEG"), "image/webp"),
        (picture(kind="GIF"), "image/png"),
    ],
)
def test_only_the_decoder_of_its_type_is_tried(content: bytes, media_type: str) -> None:
    with pytest.raises(BadImage) as refused:
        made_anew(content, media_type)
    assert refused.value.reason == NOT_READABLE


def test_the_same_picture_is_made_the_same() -> None:
    assert made_anew(picture(), "image/jpeg").content == made_anew(picture(), "image/jpeg").content
