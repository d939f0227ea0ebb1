"""Making a picture anew: decoded, turned upright, at most `LONGEST` pixels long, and encoded as JPEG without metadata.

Nothing of the bytes that were sent is in the result, so that neither a file hidden behind the picture nor its metadata stays.
"""

import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageOps

from contracts.photographs import NOT_READABLE, TOO_MANY_PIXELS

LONGEST = 1600
"""Pixels of the longer side: enough to read a sign on a wall, and some hundred kilobytes."""
MAX_PIXELS = 50_000_000
"""Of the sent picture. More is refused before anything is decoded: a small file can stand for gigabytes of pixels."""
QUALITY = 85
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""The only decoder that is tried for each media type."""
_SCALED = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
"""The kinds of colour that can be scaled; a palette cannot."""


class BadImage(Exception):
    """Raised for a file that is not made anew. ``reason`` is one of the errors in `contracts.photographs`."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Location:
    """The place at which a picture was taken, in WGS-84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class MadeImage:
    """A picture that was made anew."""

    content: bytes
    width: int
    height: int
    location: Location | None


def made_anew(content: bytes, media_type: str) -> MadeImage:
    """Return the picture of a file as JPEG. Raises BadImage."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[FORMATS[media_type]]) as image:
                return _made(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise BadImage(TOO_MANY_PIXELS) from None
    except BadImage:
        raise
    except Exception:  # a decoder meets hostile bytes: whatever it raises is an error of the file
        raise BadImage(NOT_READABLE) from None


def _made(image: Any) -> MadeImage:
    if image.width * image.height > MAX_PIXELS:
        raise BadImage(TOO_MANY_PIXELS)
    exif = _exif(image)
    location = location_of(exif)
    image.draft("RGB", (LONGEST, LONGEST))  # a large JPEG is decoded at a fraction of its size
    image.load()
    if image.mode in _SCALED:  # before the other steps, each of which makes a copy
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(_plain(image))
    upright.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=False)
    return MadeImage(out.getvalue(), bare.width, bare.height, location)


def _plain(image: Any) -> Any:
    """Return the picture in RGB; what is transparent becomes white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        coloured = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(coloured, mask=coloured.getchannel("A"))
    else:
        ground = image.convert("RGB")
    if exif := image.info.get("exif"):
        ground.info["exif"] = exif  # which `exif_transpose` reads
    return ground


def _exif(image: Any) -> Any:
    """Return the EXIF data, empty if it cannot be read: a picture with damaged metadata is still a picture."""
    try:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:
        image.info.pop("exif", None)
        return Image.Exif()
    return exif


def location_of(exif: Any) -> Location | None:
    """Return the location in EXIF data; None if there is none, or one that is not on Earth."""
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    if lat is None or lon is None or (lat, lon) == (0, 0):  # which cameras write while they know no place
        return None
    return Location(lat, lon)


def _degrees(parts: Any, hemisphere: Any, hemispheres: str, most: int) -> float | None:
    if not isinstance(parts, Sequence) or len(parts) != 3 or hemisphere not in tuple(hemispheres):
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return round(-value if hemisphere == hemispheres[1] else value, 6)
