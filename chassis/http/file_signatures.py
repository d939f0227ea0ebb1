"""The first bytes of the media types that are taken as files."""

from collections.abc import Callable, Mapping

SIGNATURES: Mapping[str, Callable[[bytes], bool]] = {
    "image/jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "image/png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/webp": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
}
"""For each media type, whether a file begins as one of it."""


def begins_as(media_type: str, content: bytes) -> bool:
    """Return whether a file begins as its media type says. Raises KeyError for a type without a signature."""
    return SIGNATURES[media_type](content[:16])
