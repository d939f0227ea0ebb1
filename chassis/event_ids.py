"""Deterministic event ids, derived from the event. The ids of events written together are adjacent in an index."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION, _VARIANT = 8 << 76, 0b10 << 62
_ABOVE, _BELOW = ((1 << 12) - 1) << 64, (1 << 62) - 1
"""Masks for the digest's bits above and below the variant."""


def event_id(source: str, subject: str, sequence: int, at: datetime) -> str:
    """Return a UUID, version 8 of RFC 9562: 48 bits of ``at`` in milliseconds, then 74 bits of a digest of all four arguments.

    The same events get the same ids in every run. ``at`` has a time zone and is not before 1970.
    """
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    name = json.dumps([source, subject, sequence, at.isoformat()])
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
    return str(UUID(int=milliseconds << 80 | _VERSION | digest & _ABOVE | _VARIANT | digest & _BELOW))
