"""The rules for the photographs of a ticket: their ids and how many there may be."""

import base64
import hashlib
import json

from chassis.effects import Refused
from contracts.photographs import MAX_BY_LINK, MAX_PER_TICKET, TICKET_IS_FULL

FIELD = "photograph"
"""The name of the file in the errors of a refusal."""


def photograph_id(ticket: str, digest: str) -> str:
    """Return the id of a photograph, which follows from ticket and content: the same picture twice is one photograph."""
    hashed = hashlib.sha256(json.dumps([ticket, digest]).encode()).digest()
    return "P" + base64.b32encode(hashed[:10]).decode()


def require_room(attached: int, by_links: int, by_link: bool) -> None:
    """Check that a ticket may have one photograph more. Raises Refused."""
    if attached >= MAX_PER_TICKET or (by_link and by_links >= MAX_BY_LINK):
        raise Refused({FIELD: TICKET_IS_FULL})
