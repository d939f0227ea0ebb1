"""Pictures for the tests: what cameras send, and what attackers do."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import ExifTags, Image

XIAN = ((34.0, 20.0, 28.32), (108.0, 56.0, 23.0))
"""Degrees, minutes and seconds of a place: 34.3412 north, 108.939722 east."""


def picture(
    size: tuple[int, int] = (40, 30),
    kind: str = "JPEG",
    mode: str = "RGB",
    orientation: int = 1,
    gps: dict[int, Any] | None = None,
    **options: Any,
) -> bytes:
    """Return a picture whose left half is red and whose right half is blue, with EXIF data."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "a camera of the tests"
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    out = io.BytesIO()
    image.convert(mode).save(out, kind, exif=exif, **options)
    return out.getvalue()


def located(lat: Any = XIAN[0], lon: Any = XIAN[1], north: str = "N", east: str = "E") -> dict[int, Any]:
    """Return the GPS data of a place."""
    gps = ExifTags.GPS
    return {gps.GPSLatitudeRef: north, gps.GPSLatitude: lat, gps.GPSLongitudeRef: east, gps.GPSLongitude: lon}


def bomb(side: int = 30_000) -> bytes:
    """Return a PNG of some bytes that stands for ``side`` squared pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def opened(content: bytes) -> Any:
    """Return a picture as it is displayed where nothing reads its metadata."""
    return Image.open(io.BytesIO(content))
